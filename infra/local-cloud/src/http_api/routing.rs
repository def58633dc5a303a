//! Selects the route of a request, and reads its path parameters.
//!
//! Source: API Gateway Developer Guide, "Create routes for HTTP APIs": the most specific match, then `$default`.

use std::collections::BTreeMap;

use crate::template::HttpRoute;

pub(super) type Parameters = BTreeMap<String, String>;

/// How specific a segment of a route is. The order is from most to least specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Literal,
    Parameter,
    Greedy,
}

/// The path without the stage. None if the path does not start with the stage. The stage `$default` is not in the path.
pub(super) fn below_stage<'a>(path: &'a str, stage: &str) -> Option<&'a str> {
    if stage == "$default" {
        return Some(path);
    }
    match path.strip_prefix('/')?.strip_prefix(stage)? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

pub(super) fn find<'a>(routes: &'a [HttpRoute], method: &str, path: &str) -> Option<(&'a HttpRoute, Parameters)> {
    let candidates = routes.iter().filter_map(|route| {
        let exact = match route.method.as_deref()? {
            "ANY" => false,
            own if own == method => true,
            _ => return None,
        };
        let (ranks, parameters) = matches(route.path.as_deref()?, path)?;
        Some(((ranks, !exact), (route, parameters)))
    });
    let best = candidates.min_by(|(left, _), (right, _)| left.cmp(right)).map(|(_, route)| route);
    best.or_else(|| routes.iter().find(|route| route.path.is_none()).map(|route| (route, Parameters::new())))
}

fn matches(pattern: &str, path: &str) -> Option<(Vec<Rank>, Parameters)> {
    let mut ranks = Vec::new();
    let mut parameters = Parameters::new();
    let mut rest = Some(path.strip_prefix('/')?);
    for segment in pattern.strip_prefix('/')?.split('/') {
        let remaining = rest?;
        let (value, after) = match remaining.split_once('/') {
            Some((value, after)) => (value, Some(after)),
            None => (remaining, None),
        };
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(_) if remaining.is_empty() => return None,
                Some(name) => {
                    parameters.insert(name.to_owned(), remaining.to_owned());
                    ranks.push(Rank::Greedy);
                    return Some((ranks, parameters));
                }
                None if value.is_empty() => return None,
                None => {
                    parameters.insert(name.to_owned(), value.to_owned());
                    ranks.push(Rank::Parameter);
                }
            },
            None if segment == value => ranks.push(Rank::Literal),
            None => return None,
        }
        rest = after;
    }
    rest.is_none().then_some((ranks, parameters))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn routes() -> Vec<HttpRoute> {
        [
            "GET /pets/dog/1",
            "GET /pets/dog/{id}",
            "GET /pets/{proxy+}",
            "ANY /{proxy+}",
            "$default",
            "ANY /pets/dog/{id}",
            "GET /",
        ]
        .into_iter()
        .map(|key| {
            let (method, path) = key.split_once(' ').unzip();
            HttpRoute {
                method: method.map(str::to_owned),
                path: path.map(str::to_owned),
                function: key.to_owned(),
                authorizer: None,
                timeout: Duration::ZERO,
            }
        })
        .collect()
    }

    fn key(method: &str, path: &str) -> (String, Parameters) {
        let routes = routes();
        let (route, parameters) = find(&routes, method, path).unwrap();
        (route.function.clone(), parameters)
    }

    #[test]
    fn most_specific_route_wins() {
        assert_eq!(key("GET", "/pets/dog/1").0, "GET /pets/dog/1");
        assert_eq!(key("GET", "/pets/dog/2").0, "GET /pets/dog/{id}");
        assert_eq!(key("PUT", "/pets/dog/2").0, "ANY /pets/dog/{id}");
        assert_eq!(key("GET", "/pets/cat/1").0, "GET /pets/{proxy+}");
        assert_eq!(key("POST", "/test/5").0, "ANY /{proxy+}");
        assert_eq!(key("GET", "/").0, "GET /");
        assert_eq!(key("POST", "/").0, "$default");
    }

    #[test]
    fn path_parameters_are_read() {
        assert_eq!(key("GET", "/pets/dog/2").1, Parameters::from([("id".into(), "2".into())]));
        assert_eq!(key("GET", "/pets/cat/1").1, Parameters::from([("proxy".into(), "cat/1".into())]));
    }

    #[test]
    fn trailing_slash_is_a_different_path() {
        assert!(matches("/pets", "/pets/").is_none());
        assert!(matches("/pets/{id}", "/pets/").is_none());
        assert!(matches("/pets", "/pets/1").is_none());
        assert!(matches("/pets/{id}/toys", "/pets/1").is_none());
    }

    #[test]
    fn named_stage_is_part_of_the_path() {
        assert_eq!(below_stage("/dev/pets", "dev"), Some("/pets"));
        assert_eq!(below_stage("/dev", "dev"), Some("/"));
        assert_eq!(below_stage("/device", "dev"), None);
        assert_eq!(below_stage("/pets", "$default"), Some("/pets"));
    }
}
