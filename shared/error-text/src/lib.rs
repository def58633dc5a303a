//! One line of text for an error and its sources. The server's crates, the client library and the development tools use
//! it. A crate of its own, since the domain and the client library know nothing of each other.

use std::error::Error;

/// The message of an error, then that of each source below it, separated by `: `. A message that a former one contains
/// already is left out. For logs and terminals: a client of the API never gets it.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[derive(Debug)]
    struct Outer(&'static str, std::io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn sources_follow_and_nothing_is_said_twice() {
        let outer = |text| Outer(text, std::io::Error::other("the cable is cut"));
        assert_eq!(error_chain(&outer("GetItem failed")), "GetItem failed: the cable is cut");
        assert_eq!(error_chain(&outer("GetItem: the cable is cut")), "GetItem: the cable is cut");
    }
}
