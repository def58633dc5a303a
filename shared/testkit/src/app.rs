//! The use cases over a store, with fakes for the rest.

use crate::{MemoryBucket, RecordingPush, TestEnv};
use domain::{App, Settings};

/// The use cases over a store, and an Auth Service if one is asked.
pub type TestApp<S, D = ()> = App<S, RecordingPush, TestEnv, D, MemoryBucket>;

/// The use cases over this store, as they are set up by default.
pub fn app<S, D>(store: S, directory: D) -> TestApp<S, D> {
    App {
        store,
        push: RecordingPush::default(),
        env: TestEnv::default(),
        settings: Settings::default(),
        directory,
        objects: MemoryBucket::default(),
    }
}
