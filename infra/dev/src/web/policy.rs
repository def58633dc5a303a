//! What the web client's page may load and use. template.yaml has the same policy for the deployed web client
//! (WebClientHeaders); a test compares both.

use local_cloud::Addresses;

/// The `Content-Security-Policy`, with a placeholder for each address. Scripts and styles come from the page's own files
/// alone. No text becomes HTML or a script, because there is no Trusted Types policy. `data:` and `blob:` are previews
/// and the icon with the unread count, which the page itself makes.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
    manifest-src 'self'; img-src 'self' data: blob: {bucket}; media-src 'self' blob: {bucket}; \
    connect-src 'self' {http} {websocket} {bucket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// The `Permissions-Policy`: the microphone for the page itself, to record a message.
pub(super) const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(self), midi=(), payment=(), usb=()";

/// The policy for these addresses. `token_url` is the stand-in Auth Service's, None if it issues no tokens.
pub(super) fn content_security_policy(addresses: &Addresses, token_url: Option<&str>) -> String {
    let websocket = match token_url {
        Some(token_url) => format!("{} {}", origin(&addresses.websocket_url), origin(token_url)),
        None => origin(&addresses.websocket_url).to_owned(),
    };
    CONTENT_SECURITY_POLICY
        .replace("{http}", origin(&addresses.http_url))
        .replace("{websocket}", &websocket)
        .replace("{bucket}", origin(&addresses.s3_endpoint))
}

/// The URL without its path.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + "://".len());
    let end = url[host..].find('/').map_or(url.len(), |path| host + path);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses {
            http_url: "http://127.0.0.1:3000".to_owned(),
            websocket_url: "ws://127.0.0.1:3001/live".to_owned(),
            s3_endpoint: "http://127.0.0.1:3004".to_owned(),
        }
    }

    /// The sources of a directive.
    fn sources<'a>(policy: &'a str, directive: &str) -> Vec<&'a str> {
        let mut directives = policy.split("; ").map(|text| text.split(' ').collect::<Vec<_>>());
        directives.find(|words| words[0] == directive).unwrap()[1..].to_vec()
    }

    #[test]
    fn page_may_call_exactly_the_running_system() {
        let policy = content_security_policy(&addresses(), Some("http://127.0.0.1:3002/token"));
        assert_eq!(
            sources(&policy, "connect-src"),
            [
                "'self'",
                "http://127.0.0.1:3000",
                "ws://127.0.0.1:3001",
                "http://127.0.0.1:3002",
                "http://127.0.0.1:3004"
            ]
        );
        assert_eq!(sources(&policy, "img-src"), ["'self'", "data:", "blob:", "http://127.0.0.1:3004"]);
        assert_eq!(sources(&policy, "media-src"), ["'self'", "blob:", "http://127.0.0.1:3004"]);
        assert!(!content_security_policy(&addresses(), None).contains(":3002"));
    }

    #[test]
    fn page_runs_only_its_own_scripts_and_no_text_becomes_one() {
        let policy = content_security_policy(&addresses(), None);
        assert_eq!(sources(&policy, "default-src"), ["'none'"]);
        for directive in ["script-src", "style-src", "font-src", "manifest-src"] {
            assert_eq!(sources(&policy, directive), ["'self'"], "{directive}");
        }
        for directive in ["base-uri", "form-action", "frame-ancestors", "trusted-types"] {
            assert_eq!(sources(&policy, directive), ["'none'"], "{directive}");
        }
        assert_eq!(sources(&policy, "require-trusted-types-for"), ["'script'"]);
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains(['{', '}']), "{policy}");
    }
}
