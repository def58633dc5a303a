//! Checks whether an IAM policy allows a caller to invoke a method.
//!
//! Source: IAM User Guide, "Policy evaluation logic": denied by default, and an explicit deny overrides an allow.

use serde_json::Value;

/// Whether a policy allows one method. None if it is not a valid policy.
pub(super) fn allows(policy: &Value, method_arn: &str) -> Option<bool> {
    let statements = items_of(policy.get("Statement")?);
    let mut allowed = false;
    for statement in statements {
        let effect = statement.get("Effect")?.as_str()?;
        let actions = texts(statement.get("Action")?)?;
        let resources = texts(statement.get("Resource")?)?;
        let applies = actions.iter().any(|action| wildcard(&action.to_ascii_lowercase(), "execute-api:invoke"))
            && resources.iter().any(|resource| wildcard(resource, method_arn));
        match (effect, applies) {
            ("Allow", true) => allowed = true,
            ("Deny", true) => return Some(false),
            ("Allow" | "Deny", false) => {}
            _ => return None,
        }
    }
    Some(allowed)
}

/// The items of a list. A single value counts as a list of one.
fn items_of(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    items_of(value).iter().map(Value::as_str).collect()
}

/// `*` stands for any text, `?` for any one character.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                // No match: let the last star match one more character.
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:api/dev/$connect";

    fn statement(effect: &str, action: Value, resource: Value) -> Value {
        json!({ "Effect": effect, "Action": action, "Resource": resource })
    }

    fn verdict(statements: Vec<Value>) -> Option<bool> {
        allows(&json!({ "Version": "2012-10-17", "Statement": statements }), ARN)
    }

    #[test]
    fn allow_matches_by_name_and_by_wildcard() {
        let invoke = || json!("execute-api:Invoke");
        for resource in
            [ARN, "*", "arn:aws:execute-api:*:*:api/dev/*", "arn:aws:execute-api:us-east-?:000000000000:api/*/$connect"]
        {
            assert_eq!(verdict(vec![statement("Allow", invoke(), json!(resource))]), Some(true), "{resource}");
        }
        assert_eq!(
            verdict(vec![statement("Allow", json!(["s3:GetObject", "execute-api:*"]), json!([ARN]))]),
            Some(true)
        );
    }

    #[test]
    fn denied_by_default_by_deny_and_for_other_resources() {
        let invoke = || json!("execute-api:Invoke");
        assert_eq!(verdict(vec![]), Some(false));
        assert_eq!(verdict(vec![statement("Allow", invoke(), json!("arn:aws:execute-api:*:*:other/*"))]), Some(false));
        assert_eq!(verdict(vec![statement("Allow", json!("s3:*"), json!("*"))]), Some(false));
        let both = vec![statement("Allow", invoke(), json!("*")), statement("Deny", invoke(), json!(ARN))];
        assert_eq!(verdict(both), Some(false));
    }

    #[test]
    fn invalid_policy_is_not_decided() {
        for policy in [
            json!(null),
            json!({}),
            json!({"Statement": [{"Effect": "Allow"}]}),
            json!({"Statement": [statement("Maybe", json!("*"), json!("*"))]}),
        ] {
            assert_eq!(allows(&policy, ARN), None, "{policy}");
        }
    }
}
