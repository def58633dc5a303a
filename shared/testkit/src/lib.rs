//! In-memory store, recording push, fixed clock, and the contract suite that every store must pass.
