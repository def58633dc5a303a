//! The functions' programs as they are deployed: loaded at a fixed address, and small.

#![cfg(target_os = "linux")]
#![allow(missing_docs)] // a test
#![allow(clippy::unwrap_used)] // that is how a test fails

use miniz_oxide::deflate::compress_to_vec;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs that link the most: each with the SDK, and `authorize` with the verification of tokens.
const PROGRAMS: [&str; 3] = ["send-message", "delete-message", "authorize"];
/// The maximum size of a program in its zip. docs/adr/0002 has the sizes.
const MAX_ZIPPED_BYTES: usize = 3_000_000;
/// `e_type` of an ELF file for a program that is loaded at the address that the linker chose. Such a program has no
/// pointers that the loader must correct. A program that can be loaded anywhere is of the type 3.
const ET_EXEC: u16 = 2;
/// As a zip for Lambda is compressed.
const COMPRESSION_LEVEL: u8 = 9;

#[test]
#[ignore = "builds in release, which takes minutes: cargo xtask verify"]
fn release_programs_have_a_fixed_address_and_are_small() {
    for program in build_release_programs() {
        let bytes = std::fs::read(&program).unwrap();
        assert_eq!(bytes.get(..4), Some(b"\x7fELF".as_slice()), "{}", program.display());
        assert_eq!(u16::from_le_bytes([bytes[16], bytes[17]]), ET_EXEC, "{}", program.display());
        let zipped = compress_to_vec(&bytes, COMPRESSION_LEVEL).len();
        assert!(zipped <= MAX_ZIPPED_BYTES, "{} has {zipped} bytes in a zip", program.display());
    }
}

/// Builds the programs in release for this machine, and returns their paths.
fn build_release_programs() -> [PathBuf; PROGRAMS.len()] {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let target = workspace.join("target");
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(workspace).args(["build", "--release", "-p", "functions", "--target-dir"]).arg(&target);
    for program in PROGRAMS {
        build.args(["--bin", program]);
    }
    assert!(build.status().unwrap().success(), "the programs could not be built");
    PROGRAMS.map(|program| target.join("release").join(program))
}
