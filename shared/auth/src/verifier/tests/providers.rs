//! Tokens and key sets in the shape that identity providers document, with the parameters of docs/WEB.md. The keys are
//! generated, so the tokens are signed here.

use super::*;

/// An identity provider with one user.
struct Provider {
    /// The members of the provider's JWKs, beside `kty`, `kid` and the key itself.
    key: Value,
    algorithm: Algorithm,
    /// The header of its tokens, beside `alg` and `kid`.
    header: Value,
    /// The claims of its tokens, beside `iat` and `exp`.
    claims: Value,
    rules: Rules,
}

const KEY_ID: &str = "1234example=";

impl Provider {
    /// The key set, as text: the provider's current key, and one of another kind of token.
    fn keys(&self) -> KeySet {
        let keys = [KEY_ID, "another"].map(|kid| {
            let mut key = serde_json::to_value(jwk(kid, self.algorithm)).unwrap();
            key.as_object_mut().unwrap().extend(self.key.as_object().unwrap().clone());
            key
        });
        KeySet::of_jwks(&serde_json::from_str(&json!({"keys": keys}).to_string()).unwrap())
    }

    /// A token with these claims in place of the usual ones.
    fn token(&self, changes: &Value) -> String {
        let mut claims = self.claims.clone();
        let now = now().seconds();
        claims.as_object_mut().unwrap().extend([("iat".to_owned(), json!(now)), ("exp".to_owned(), json!(now + 600))]);
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let mut header: Header = {
            let mut header = self.header.clone();
            header["alg"] = json!(self.algorithm);
            serde_json::from_value(header).unwrap()
        };
        header.kid = Some(KEY_ID.to_owned());
        encode(&header, &claims, &encoding(self.algorithm)).unwrap()
    }

    async fn verify(&self, changes: &Value) -> Result<String, String> {
        let source = Source::of(self.keys());
        let verifier = Verifier::new(&source, self.rules.clone());
        match verifier.verify(&self.token(changes), now()).await {
            Ok(identity) => Ok(identity.user.as_str().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The token is accepted, and refused with another issuer, and with another audience if one is asked for.
    async fn assert_only_this_app(&self, user: &str) {
        assert_eq!(self.verify(&json!({})).await.as_deref(), Ok(user));
        for other in [json!("https://issuer.example/"), Value::Null] {
            let refused = self.verify(&json!({"iss": other})).await.unwrap_err();
            assert!(refused.contains("issuer") || refused.contains("required claim"), "{refused}");
        }
        for other in [json!("another-app"), json!(["another-app", "a-third"]), Value::Null] {
            let result = self.verify(&json!({"aud": other})).await;
            match &self.rules.audience {
                Some(_) => assert!(result.unwrap_err().contains("refused"), "{other}"),
                None => assert_eq!(result.as_deref(), Ok(user)),
            }
        }
    }

    async fn assert_user_ids(&self, good: &[&str], bad: &[&str]) {
        for sub in good {
            assert_eq!(self.verify(&json!({"sub": sub})).await.as_deref(), Ok(*sub));
        }
        for sub in bad {
            let refused = self.verify(&json!({"sub": sub})).await.unwrap_err();
            assert!(refused.contains("its sub is not a user id"), "{sub}: {refused}");
        }
    }
}

fn rules(issuer: &str, audience: Option<&str>) -> Rules {
    Rules { issuer: Some(issuer.to_owned()), audience: audience.map(str::to_owned) }
}

const COGNITO: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example";

/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html>
fn cognito_id_token() -> Provider {
    Provider {
        key: json!({"alg": "RS256", "use": "sig"}),
        algorithm: Algorithm::RS256,
        header: json!({}),
        claims: json!({
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "iss": COGNITO, "aud": "1example23456789",
            "token_use": "id", "cognito:username": "my-test-user", "email_verified": true, "auth_time": 1_676_312_777,
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        }),
        rules: rules(COGNITO, Some("1example23456789")),
    }
}

/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
fn cognito_access_token(audience: Option<&str>) -> Provider {
    Provider {
        claims: json!({
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "iss": COGNITO, "client_id": "1example23456789",
            "token_use": "access", "scope": "openid", "username": "my-test-user", "auth_time": 1_676_312_777,
            "version": 2, "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        }),
        rules: rules(COGNITO, audience),
        ..cognito_id_token()
    }
}

#[tokio::test]
async fn cognito() {
    let user = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    cognito_id_token().assert_only_this_app(user).await;
    // An access token has no aud. So it is refused if an audience is set, and accepted from every app of the pool if not.
    cognito_access_token(None).assert_only_this_app(user).await;
    let refused = cognito_access_token(Some("1example23456789")).verify(&json!({})).await.unwrap_err();
    assert!(refused.contains("a required claim is missing"), "{refused}");
}

/// <https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles>
#[tokio::test]
async fn auth0() {
    let issuer = "https://tenant.eu.auth0.com/";
    let mut auth0 = Provider {
        key: json!({"alg": "RS256", "use": "sig", "x5t": "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg",
            "x5c": ["MIIDBzCCAe+gAwIBAgIJ"]}),
        algorithm: Algorithm::RS256,
        header: json!({"typ": "JWT"}),
        claims: json!({
            "iss": issuer, "sub": "auth0|6553da60a54af58e29493993",
            "aud": ["https://chat.example.com", "https://tenant.eu.auth0.com/userinfo"],
            "azp": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja", "scope": "openid profile",
        }),
        rules: rules(issuer, Some("https://chat.example.com")),
    };
    auth0.assert_only_this_app("auth0|6553da60a54af58e29493993").await;
    auth0
        .assert_user_ids(
            &["google-oauth2|115372093758320847", "facebook|1234567890", "samlp|acme|maria@example.com", "x@clients"],
            &["oauth2|Acme Corp|7", "samlp|acme|maria+chat@example.com", "ad|acme/maria"],
        )
        .await;
    // The issuer's slash counts.
    auth0.rules.issuer = Some(issuer.trim_end_matches('/').to_owned());
    assert!(auth0.verify(&json!({})).await.is_err());
    // The profile of RFC 9068.
    auth0.rules.issuer = Some(issuer.to_owned());
    auth0.header = json!({"typ": "at+jwt"});
    assert!(auth0.verify(&json!({"client_id": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja", "azp": null})).await.is_ok());
}

/// <https://firebase.google.com/docs/auth/admin/verify-id-tokens#verify_id_tokens_using_a_third-party_jwt_library>
#[tokio::test]
async fn firebase() {
    let issuer = "https://securetoken.google.com/my-project";
    let firebase = Provider {
        key: json!({"alg": "RS256", "use": "sig"}),
        algorithm: Algorithm::RS256,
        header: json!({"typ": "JWT"}),
        claims: json!({
            "iss": issuer, "aud": "my-project", "auth_time": 1_676_312_777, "user_id": "ZQXoRt0q2fVDhV3kIYkKxPz6Oox2",
            "sub": "ZQXoRt0q2fVDhV3kIYkKxPz6Oox2", "email": "maria@example.com", "email_verified": true,
            "firebase": {"identities": {"email": ["maria@example.com"]}, "sign_in_provider": "password"},
        }),
        rules: rules(issuer, Some("my-project")),
    };
    firebase.assert_only_this_app("ZQXoRt0q2fVDhV3kIYkKxPz6Oox2").await;
    // Firebase makes ids of letters and digits. With custom tokens, an app chooses them: then not every id is valid here.
    firebase.assert_user_ids(&["maria", "users:maria"], &["maria doe", "users/maria", "mária"]).await;
    // Another project's tokens are signed with the same keys.
    let other = json!({"iss": "https://securetoken.google.com/other", "aud": "other"});
    assert!(firebase.verify(&other).await.is_err());
}

/// <https://supabase.com/docs/guides/auth/jwt-fields>
#[tokio::test]
async fn supabase() {
    let issuer = "https://abcdefghijklmnopqrst.supabase.co/auth/v1";
    let supabase = Provider {
        key: json!({"alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": true}),
        algorithm: Algorithm::ES256,
        header: json!({"typ": "JWT"}),
        claims: json!({
            "iss": issuer, "aud": "authenticated", "sub": "123e4567-e89b-12d3-a456-426614174000",
            "role": "authenticated", "aal": "aal1", "session_id": "123e4567-e89b-12d3-a456-426614174000",
            "email": "maria@example.com", "phone": "", "is_anonymous": false, "user_metadata": {},
            "app_metadata": {"provider": "email"}, "amr": [{"method": "password", "timestamp": 1_640_991_600}],
        }),
        rules: rules(issuer, Some("authenticated")),
    };
    supabase.assert_only_this_app("123e4567-e89b-12d3-a456-426614174000").await;
    // The public key of an app is a token too, for nobody.
    let anon = json!({"iss": "supabase", "role": "anon", "sub": null, "aud": null});
    assert!(supabase.verify(&anon).await.is_err());
}

/// <https://clerk.com/docs/guides/sessions/session-tokens>
#[tokio::test]
async fn clerk() {
    let issuer = "https://your-site.clerk.accounts.dev";
    let session_token = |audience: Option<&str>| Provider {
        key: json!({"alg": "RS256", "use": "sig"}),
        algorithm: Algorithm::RS256,
        header: json!({"typ": "JWT"}),
        claims: json!({
            "iss": issuer, "sub": "user_2b3F6YdWT0kdSqmn0q2nWd5hXyz", "sid": "sess_123", "azp": "https://example.com",
            "nbf": now().seconds() - 10, "v": 2, "fva": [0, -1], "sts": "active",
        }),
        rules: rules(issuer, audience),
    };
    // A session token has no audience.
    session_token(None).assert_only_this_app("user_2b3F6YdWT0kdSqmn0q2nWd5hXyz").await;
    assert!(session_token(Some("lambda-chat")).verify(&json!({})).await.is_err());
    // A JWT template adds it.
    let template = session_token(Some("lambda-chat"));
    let claims = json!({"aud": "lambda-chat", "v": null, "fva": null, "sts": null, "sid": null});
    assert_eq!(template.verify(&claims).await.as_deref(), Ok("user_2b3F6YdWT0kdSqmn0q2nWd5hXyz"));
    assert!(template.verify(&json!({"aud": "another-app"})).await.is_err());
}
