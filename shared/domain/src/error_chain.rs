//! What the log says of an error.

use std::error::Error;

/// An error and everything under it, for the log alone. A JSON log keeps only the outermost of an error that it is handed.
pub fn error_chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        said.push_str(": ");
        said.push_str(&error.to_string());
        below = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::StoreError;

    #[test]
    fn the_cause_is_said_too() {
        let error = StoreError::Unavailable { operation: "GetItem", source: "the cable is cut".into() };
        assert_eq!(error_chain(&error), "GetItem did not succeed for now: the cable is cut");
    }
}
