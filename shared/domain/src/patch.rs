//! A change of a value that may be absent.

/// What a request does with a value that may be absent. A request that keeps it names it not at all, so commands have
/// an `Option<Patch<T>>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch<T> {
    /// The value becomes this one.
    Set(T),
    /// There is no value any more.
    Remove,
}

impl<T> Patch<T> {
    /// The new value.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Remove => None,
        }
    }
}

impl<T: Clone> Patch<T> {
    /// The value after the request, by the value before it.
    pub fn applied(patch: Option<&Self>, before: Option<&T>) -> Option<T> {
        patch.map_or(before, Self::value).cloned()
    }
}
