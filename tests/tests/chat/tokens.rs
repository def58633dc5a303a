use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use client::wire::{ClientError, Credential, HttpClient, Socket};
use end_to_end::{System, assert_problem};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
use rsa::{BigUint, RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The claims of a token. It does not check the signature.
fn claims_of(token: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn kid_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// The Auth Service's public key as PEM, which a verifier with algorithm confusion would use as an HMAC secret.
async fn public_pem(system: &System) -> String {
    let (_, jwks) = HttpClient::new(&system.auth_url, None).unwrap().get("/.well-known/jwks.json").await.unwrap();
    let number = |name: &str| BigUint::from_bytes_be(&BASE64.decode(jwks["keys"][0][name].as_str().unwrap()).unwrap());
    RsaPublicKey::new(number("n"), number("e")).unwrap().to_public_key_pem(LineEnding::LF).unwrap()
}

#[tokio::test]
async fn invalid_tokens_are_refused_on_both_apis() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let claims = claims_of(&alice.token);
    let with_key = |algorithm: Algorithm, key: &EncodingKey| {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid_of(&alice.token));
        encode(&header, &claims, key).unwrap()
    };
    let stranger = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let stranger = EncodingKey::from_rsa_der(stranger.to_pkcs1_der().unwrap().as_bytes());
    let unsigned = BASE64.encode(json!({"alg": "none", "typ": "JWT", "kid": kid_of(&alice.token)}).to_string());
    let cases = [
        ("expired", system.token(&alice.id, -1).await),
        ("wrongly signed", with_key(Algorithm::RS256, &stranger)),
        ("alg none", format!("{unsigned}.{}.", alice.token.split('.').nth(1).unwrap())),
        (
            "HS256 with the public key",
            with_key(Algorithm::HS256, &EncodingKey::from_secret(public_pem(system).await.as_bytes())),
        ),
        ("no token at all", "nonsense".to_owned()),
        ("of no user", system.token("not a user", 60).await),
        ("of a user whom no path can name", system.token(".", 60).await),
        ("of another one", system.token("..", 60).await),
        ("of everybody", system.token("@all", 60).await),
        ("of a service", system.token("service:billing", 60).await),
    ];
    for (what, token) in cases {
        let (status, body) = HttpClient::new(&system.http_url, Some(&token)).unwrap().get("/chats/x").await.unwrap();
        assert_eq!((status, body), (403, json!({"message": "Forbidden"})), "{what}");
        for credential in [Credential::Header(&token), Credential::Subprotocol(&token)] {
            let refused = Socket::connect(&system.ws_url, credential).await.unwrap_err();
            assert!(matches!(refused, ClientError::Refused(status) if status == 403), "{what}: {refused}");
        }
    }
    assert_eq!(alice.http.get("/chats/x").await.unwrap().0, 404, "the good one is good");
}

/// Serves a JWKS to whoever connects. Returns its URL.
async fn serve_jwks(jwks: &JwkSet) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let body = serde_json::to_string(jwks).unwrap();
    let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    url
}

/// An issuer signs tokens of several kinds with one key. Without an audience, only their type tells them apart.
#[tokio::test]
async fn token_of_another_type_is_refused_on_both_apis() {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let key = EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).unwrap();
    jwk.common.key_id = Some("issuer".to_owned());
    let url = serve_jwks(&JwkSet { keys: vec![jwk] }).await;
    let system = crate::start(move |setup| {
        setup.parameters.insert("AuthJwksUrl".to_owned(), url);
    });
    let token = |typ: Option<&str>| {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some("issuer".to_owned());
        header.typ = typ.map(str::to_owned);
        let exp = jsonwebtoken::get_current_timestamp() + 600;
        encode(&header, &json!({"sub": "alice", "aud": "another-service", "exp": exp}), &key).unwrap()
    };
    for (typ, status) in [
        (None, 404),
        (Some("JWT"), 404),
        (Some("at+jwt"), 404),
        (Some("application/at+jwt"), 404),
        (Some("logout+jwt"), 403),
        (Some("application/dpop+jwt"), 403),
    ] {
        let token = token(typ);
        let http = HttpClient::new(&system.http_url, Some(&token)).unwrap();
        assert_eq!(http.get("/chats/x").await.unwrap().0, status, "{typ:?}");
        match Socket::connect(&system.ws_url, Credential::Header(&token)).await {
            Ok(socket) if status == 404 => socket.close().await.unwrap(),
            Err(ClientError::Refused(refused)) if status == 403 && refused == 403 => {}
            other => panic!("{typ:?}: {other:?}"),
        }
    }
    // Each process says once that nothing checks the audience. The shared system has one and does not say it.
    let warned = |system: &System| system.logs().iter().filter(|line| line.contains("no audience")).count();
    assert_eq!((warned(&system), warned(crate::system())), (1, 0));
}

#[tokio::test]
async fn missing_token_is_refused_on_both_apis() {
    let system = crate::system();
    let (status, body) = HttpClient::new(&system.http_url, None).unwrap().get("/chats/x").await.unwrap();
    assert_eq!((status, body), (401, json!({"message": "Unauthorized"})));
    let refused = Socket::connect(&system.ws_url, Credential::None).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused(status) if status == 403), "{refused}");
}

/// A browser's WebSocket does not show why a handshake was refused. A page asks the HTTP API, and may read the answer.
#[tokio::test]
async fn page_may_read_over_http_that_its_token_is_bad() {
    let system = crate::system();
    let alice = system.user("alice").await;
    let page = "http://localhost:5173";
    for (token, status) in [(Some(alice.token.as_str()), 200), (Some("nonsense"), 403), (None, 401)] {
        let request = reqwest::Client::new().get(format!("{}/me", system.http_url)).header("origin", page);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["access-control-allow-origin"], page, "{status}");
    }
}

#[tokio::test]
async fn functions_refuse_a_token_that_expires_in_the_authorizer_cache() {
    let system = crate::system();
    let (alice, bob) = (system.user("alice").await, system.user("bob").await);
    let chat = alice.chat_with(&bob).await;
    // Call everything once, so that no function has to start while the short token is valid.
    alice.socket().await.close().await.unwrap();
    alice.http.get(&format!("/chats/{chat}")).await.unwrap();
    let token = system.token(&alice.id, 8).await;
    let http = HttpClient::new(&system.http_url, Some(&token)).unwrap();
    let (mut one, mut other) = (
        Socket::connect(&system.ws_url, Credential::Header(&token)).await.unwrap(),
        Socket::connect(&system.ws_url, Credential::Header(&token)).await.unwrap(),
    );
    assert_eq!(http.get(&format!("/chats/{chat}")).await.unwrap().0, 200);
    let exp = claims_of(&token)["exp"].as_i64().unwrap();
    while jsonwebtoken::get_current_timestamp().cast_signed() <= exp {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // API Gateway has cached the authorizer's answer, but the function checks the token itself.
    let (status, problem) = http.get(&format!("/chats/{chat}")).await.unwrap();
    assert_eq!(status, 401, "{problem}");
    assert_problem(&problem, 401, "token_expired", None);
    // No event of a chat is pushed after the expiry, and the first frame ends the connection.
    bob.send(&chat, "Are you still there?").await;
    for (socket, action, fields) in
        [(&mut one, "ping", json!({})), (&mut other, "listMessages", json!({"chatId": chat}))]
    {
        let reply = socket.request(action, fields).await.unwrap();
        assert_problem(&reply["error"], 401, "token_expired", None);
        let close = socket.wait_closed().await.unwrap().unwrap();
        assert_eq!((u16::from(close.code), close.reason.as_str()), (1000, ""), "the close itself says nothing");
        let detail = "The token has expired. Connect again with a new token.";
        let data = json!({"code": "token_expired", "retryable": true, "detail": detail});
        let last = json!({"event": "connection.closing", "data": data});
        assert_eq!(socket.take_waiting(), [last], "no other event was pushed");
    }
}
