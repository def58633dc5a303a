use super::*;
use crate::keys::KeySet;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{EncodingKey, Header, encode};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

mod providers;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Private keys in DER, generated for every test run.
struct Keys {
    rsa: Vec<u8>,
    rsa_public_pem: String,
    ec: Vec<u8>,
    ed: Vec<u8>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let rsa = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let random = ring::rand::SystemRandom::new();
    Keys {
        rsa: rsa.to_pkcs1_der().unwrap().as_bytes().to_vec(),
        rsa_public_pem: rsa.to_public_key().to_public_key_pem(LineEnding::LF).unwrap(),
        ec: EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap().as_ref().to_vec(),
        // PKCS#8 version 1 (RFC 8410, section 7): any 32 bytes are a private key.
        ed: [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".as_slice(), &[7; 32]].concat(),
    }
});

/// jsonwebtoken checks exp and nbf with the machine's clock, so the tests use the current time.
#[allow(clippy::disallowed_methods)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap())
}

/// A source whose keys a test sets. It counts the fetches.
#[derive(Default)]
struct Source {
    keys: Mutex<Option<KeySet>>,
    fetches: AtomicU32,
}

impl FetchKeys for &Source {
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.keys.lock().unwrap().clone().ok_or_else(|| FetchError("down".into()))
    }
}

impl Source {
    fn of(keys: KeySet) -> Self {
        Self { keys: Mutex::new(Some(keys)), fetches: AtomicU32::new(0) }
    }
    fn count(&self) -> u32 {
        self.fetches.load(Ordering::Relaxed)
    }
}

fn encoding(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_der(&KEYS.rsa),
        Algorithm::ES256 => EncodingKey::from_ec_der(&KEYS.ec),
        Algorithm::EdDSA => EncodingKey::from_ed_der(&KEYS.ed),
        _ => EncodingKey::from_secret(SECRET),
    }
}

fn jwk(kid: &str, algorithm: Algorithm) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(&encoding(algorithm), algorithm).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    jwk
}

fn jwks() -> KeySet {
    let keys = vec![jwk("rsa", Algorithm::RS256), jwk("ec", Algorithm::ES256), jwk("ed", Algorithm::EdDSA)];
    KeySet::of_jwks(&JwkSet { keys })
}

fn claims() -> Value {
    json!({"sub": "alice", "exp": now().seconds() + 600})
}

fn token(algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    encode(&header, claims, &encoding(algorithm)).unwrap()
}

async fn refusal(source: &Source, rules: Rules, token: &str) -> &'static str {
    match Verifier::new(source, rules).verify(token, now()).await {
        Err(VerifyError::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_algorithm_is_verified_with_its_own_key() {
    let source = Source::of(jwks());
    let verifier = Verifier::new(&source, Rules::default());
    for (algorithm, kid) in [(Algorithm::RS256, "rsa"), (Algorithm::ES256, "ec"), (Algorithm::EdDSA, "ed")] {
        let claims = claims();
        let identity = verifier.verify(&token(algorithm, Some(kid), &claims), now()).await.unwrap();
        assert_eq!(identity.user.as_str(), "alice");
        assert_eq!(identity.exp.seconds(), claims["exp"].as_i64().unwrap());
    }
    assert_eq!(source.count(), 1, "the keys are cached");
    let secret = Source::of(KeySet::of_secret(SECRET).unwrap());
    let verifier = Verifier::new(&secret, Rules::default());
    for kid in [None, Some("any")] {
        assert!(verifier.verify(&token(Algorithm::HS256, kid, &claims()), now()).await.is_ok());
    }
}

#[tokio::test]
async fn key_decides_the_algorithm() {
    let source = Source::of(jwks());
    // The public key, which is not secret, used as a shared secret.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("rsa".to_owned());
    let confused = encode(&header, &claims(), &EncodingKey::from_secret(KEYS.rsa_public_pem.as_bytes())).unwrap();
    assert_eq!(refusal(&source, Rules::default(), &confused).await, "its algorithm is not the key's");
    // The token names a key of another algorithm.
    let crossed = token(Algorithm::ES256, Some("rsa"), &claims());
    assert_eq!(refusal(&source, Rules::default(), &crossed).await, "its algorithm is not the key's");
    // No signature at all.
    for alg in ["none", "None", "NONE"] {
        let header = BASE64.encode(json!({"alg": alg, "typ": "JWT", "kid": "rsa"}).to_string());
        let unsigned = format!("{header}.{}.", BASE64.encode(claims().to_string()));
        assert_eq!(refusal(&source, Rules::default(), &unsigned).await, MALFORMED);
    }
    // With a shared secret, only HS256 is accepted.
    let secret = Source::of(KeySet::of_secret(SECRET).unwrap());
    let signed = token(Algorithm::RS256, None, &claims());
    assert_eq!(refusal(&secret, Rules::default(), &signed).await, "its algorithm is not the key's");
}

#[tokio::test]
async fn forged_expired_and_premature_tokens_are_refused() {
    let source = Source::of(jwks());
    let good = token(Algorithm::RS256, Some("rsa"), &claims());
    let (head, tail) = good.rsplit_once('.').unwrap();
    let other = BASE64.encode(json!({"sub": "mallory", "exp": now().seconds() + 600}).to_string());
    let forged = format!("{}.{other}.{tail}", head.split_once('.').unwrap().0);
    assert_eq!(refusal(&source, Rules::default(), &forged).await, WRONG_SIGNATURE);
    let with = |key: &str, value: Value| {
        let mut claims = claims();
        claims[key] = value;
        token(Algorithm::RS256, Some("rsa"), &claims)
    };
    let cases = [
        (with("exp", json!(now().seconds() - 1)), EXPIRED),
        (with("exp", json!(now().seconds())), EXPIRED),
        (with("exp", json!("soon")), MALFORMED),
        (with("exp", Value::Null), MALFORMED),
        (with("sub", Value::Null), MALFORMED),
        (with("sub", json!("not a user")), "its sub is not a user id"),
        (with("sub", json!(".")), "its sub is not a user id"),
        (with("sub", json!("..")), "its sub is not a user id"),
        (with("sub", json!("@all")), "its sub is not a user id"),
        (with("sub", json!("gone:5f2a")), "its sub is not a user id"),
        (with("sub", json!("service:billing")), "its sub is not a user id"),
        (with("sub", json!(7)), MALFORMED),
        (with("nbf", json!(now().seconds() + 60)), "it is not valid yet"),
        ("x".repeat(MAX_TOKEN_BYTES + 1), "it is too long"),
        (String::new(), MALFORMED),
        ("a.b".to_owned(), MALFORMED),
    ];
    for (token, reason) in cases {
        assert_eq!(refusal(&source, Rules::default(), &token).await, reason, "{token}");
    }
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("rsa".to_owned());
    header.crit = Some(vec!["exp".to_owned()]);
    let critical = encode(&header, &claims(), &encoding(Algorithm::RS256)).unwrap();
    assert!(refusal(&source, Rules::default(), &critical).await.contains("crit"));
}

fn token_of_type(typ: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("rsa".to_owned());
    header.typ = typ.map(str::to_owned);
    encode(&header, claims, &encoding(Algorithm::RS256)).unwrap()
}

#[tokio::test]
async fn token_of_another_type_is_refused_with_and_without_audience() {
    let source = Source::of(jwks());
    let audience = Rules { audience: Some("chat".to_owned()), ..Rules::default() };
    let mut claims = claims();
    claims["aud"] = json!("chat");
    for rules in [Rules::default(), audience] {
        let verifier = Verifier::new(&source, rules.clone());
        for typ in [
            None,
            Some("JWT"),
            Some("jwt"),
            Some("at+jwt"),
            Some("AT+JWT"),
            Some("application/at+jwt"),
            Some("Application/JWT"),
        ] {
            let token = token_of_type(typ, &claims);
            assert_eq!(verifier.verify(&token, now()).await.unwrap().user.as_str(), "alice", "{typ:?}");
        }
        for typ in [
            "id_token+jwt",
            "logout+jwt",
            "secevent+jwt",
            "dpop+jwt",
            "oauth-authz-req+jwt",
            "token-introspection+jwt",
            "application/logout+jwt",
            "text/at+jwt",
            "application/application/at+jwt",
            "refresh",
            "JOSE",
            "",
        ] {
            assert_eq!(refusal(&source, rules.clone(), &token_of_type(Some(typ), &claims)).await, OTHER_TYPE, "{typ}");
        }
    }
    // A typ that is no text.
    let header = BASE64.encode(json!({"alg": "RS256", "typ": 7, "kid": "rsa"}).to_string());
    let odd = format!("{header}.{}.c2lnbmF0dXJl", BASE64.encode(claims.to_string()));
    assert_eq!(refusal(&source, Rules::default(), &odd).await, MALFORMED);
}

#[tokio::test]
async fn configured_issuer_and_audience_are_required() {
    let source = Source::of(jwks());
    let rules = Rules { issuer: Some("https://auth".to_owned()), audience: Some("chat".to_owned()) };
    let with = |iss: Value, aud: Value| {
        let mut claims = claims();
        claims["iss"] = iss;
        claims["aud"] = aud;
        token(Algorithm::RS256, Some("rsa"), &claims)
    };
    let verifier = Verifier::new(&source, rules.clone());
    assert!(verifier.verify(&with(json!("https://auth"), json!(["other", "chat"])), now()).await.is_ok());
    let cases = [
        (with(Value::Null, json!("chat")), "a required claim is missing"),
        (with(json!("https://auth"), Value::Null), "a required claim is missing"),
        (with(json!("https://evil"), json!("chat")), "its issuer is not the configured one"),
        (with(json!("https://auth"), json!("other")), "its audience is not the configured one"),
    ];
    for (token, reason) in cases {
        assert_eq!(refusal(&source, rules.clone(), &token).await, reason);
    }
    // Without rules, any issuer and audience are accepted.
    assert!(Verifier::new(&source, Rules::default()).verify(&with(json!("x"), json!("y")), now()).await.is_ok());
}

#[tokio::test]
async fn unknown_key_is_fetched_once_per_interval() {
    let source = Source::of(KeySet::of_jwks(&JwkSet { keys: vec![jwk("old", Algorithm::RS256)] }));
    let verifier = Verifier::new(&source, Rules::default());
    let old = token(Algorithm::RS256, Some("old"), &claims());
    let new = token(Algorithm::RS256, Some("new"), &claims());
    let later = |seconds| Timestamp::from_seconds(now().seconds() + seconds);
    assert!(verifier.verify(&old, now()).await.is_ok());
    *source.keys.lock().unwrap() = Some(KeySet::of_jwks(&JwkSet { keys: vec![jwk("new", Algorithm::RS256)] }));
    assert!(verifier.verify(&new, later(1)).await.is_err(), "within the cool-down");
    assert_eq!(source.count(), 1);
    assert!(verifier.verify(&new, later(31)).await.is_ok());
    assert_eq!(source.count(), 2);
    assert!(verifier.verify(&old, later(32)).await.is_err(), "withdrawn");
    assert_eq!(source.count(), 2);
}

#[tokio::test]
async fn concurrent_verifications_share_one_fetch() {
    let source = Source::of(jwks());
    let verifier = Verifier::new(&source, Rules::default());
    let good = token(Algorithm::EdDSA, Some("ed"), &claims());
    let verify = || verifier.verify(&good, now());
    let results = tokio::join!(
        verify(),
        verify(),
        verify(),
        verify(),
        verify(),
        verify(),
        verify(),
        verify(),
        verify(),
        verify()
    );
    assert!(results.0.is_ok() && results.9.is_ok());
    assert_eq!(source.count(), 1);
}

#[tokio::test]
async fn cached_keys_are_used_for_a_day_while_the_source_fails() {
    let source = Source::of(jwks());
    let verifier = Verifier::new(&source, Rules::default());
    let mut long = claims();
    long["exp"] = json!(now().seconds() + 100 * 3600);
    let good = token(Algorithm::RS256, Some("rsa"), &long);
    let later = |hours: i64| Timestamp::from_seconds(now().seconds() + hours * 3600);
    assert!(verifier.verify(&good, now()).await.is_ok());
    *source.keys.lock().unwrap() = None;
    assert!(verifier.verify(&good, later(2)).await.is_ok());
    assert_eq!(source.count(), 2, "the source was asked");
    assert!(matches!(verifier.verify(&good, later(25)).await, Err(VerifyError::NoKeys(_))));
}

#[tokio::test]
async fn rotated_secret_is_fetched_again() {
    let source = Source::of(KeySet::of_secret(b"another secret of at least 32 bytes.").unwrap());
    let verifier = Verifier::new(&source, Rules::default());
    let good = token(Algorithm::HS256, None, &claims());
    assert!(verifier.verify(&good, now()).await.is_err());
    *source.keys.lock().unwrap() = Some(KeySet::of_secret(SECRET).unwrap());
    assert!(verifier.verify(&good, Timestamp::from_seconds(now().seconds() + 31)).await.is_ok());
}

#[test]
fn short_secret_is_refused() {
    assert!(KeySet::of_secret(&SECRET[..31]).is_err());
}

#[test]
fn keys_for_encryption_and_other_algorithms_are_skipped() {
    use jsonwebtoken::jwk::{KeyAlgorithm, PublicKeyUse};
    let mut encryption = jwk("a", Algorithm::RS256);
    encryption.common.public_key_use = Some(PublicKeyUse::Encryption);
    let mut other = jwk("b", Algorithm::RS256);
    other.common.key_algorithm = Some(KeyAlgorithm::RS512);
    let mut wrong = jwk("c", Algorithm::RS256);
    wrong.common.key_algorithm = Some(KeyAlgorithm::ES256);
    assert!(KeySet::of_jwks(&JwkSet { keys: vec![encryption, other, wrong] }).is_empty());
}
