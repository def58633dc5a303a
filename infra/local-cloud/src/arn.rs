//! ARNs and ids in the form of AWS, for a made-up account.

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const PARTITION: &str = "aws";
pub(crate) const URL_SUFFIX: &str = "amazonaws.com";
pub(crate) const STACK: &str = "local";

pub(crate) fn function(name: &str) -> String {
    format!("arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

pub(crate) fn bucket(name: &str) -> String {
    format!("arn:{PARTITION}:s3:::{name}")
}

pub(crate) fn table(name: &str) -> String {
    format!("arn:{PARTITION}:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// `path` is `METHOD/path` for an HTTP API and the route key for a WebSocket API.
pub(crate) fn execute_api(api: &str, stage: &str, path: &str) -> String {
    format!("arn:{PARTITION}:execute-api:{REGION}:{ACCOUNT}:{api}/{stage}/{path}")
}

/// An id in the form of an API's: ten lower-case letters and digits. It uses the end of the logical id, because that is
/// where two APIs of one template usually differ.
pub(crate) fn api_id(logical_id: &str) -> String {
    let letters: Vec<char> =
        logical_id.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let start = letters.len().saturating_sub(10);
    format!("{:0<10}", letters.iter().skip(start).collect::<String>())
}
