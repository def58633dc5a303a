//! The field `custom` of several requests.

use crate::fields::Fields;
use domain::custom::Custom;
use domain::patch::Patch;
use serde_json::Value;

/// What the request does with custom data of at most `max_bytes`; `{}` removes it, like null. The outer None means that
/// the field is wrong.
#[allow(clippy::option_option)]
pub(super) fn custom(fields: &mut Fields, max_bytes: usize) -> Option<Option<Patch<Custom>>> {
    Some(match fields.nullable::<Value>("custom")? {
        None => None,
        Some(Patch::Remove) => Some(Patch::Remove),
        Some(Patch::Set(value)) => {
            let custom = Custom::parse(&value, max_bytes).map_err(|error| fields.problem(error)).ok()?;
            Some(custom.map_or(Patch::Remove, Patch::Set))
        }
    })
}

/// The custom data of what a request creates. The outer None means that the field is wrong.
#[allow(clippy::option_option)]
pub(super) fn new_custom(fields: &mut Fields) -> Option<Option<Custom>> {
    Some(Patch::applied(custom(fields, Custom::MAX_BYTES)?.as_ref(), None))
}
