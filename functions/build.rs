//! Links the functions' programs at a fixed address. A program that can be loaded anywhere has tens of thousands of
//! pointers that the loader corrects before `main`; these have none (docs/adr/0002).

#![allow(clippy::disallowed_methods)] // Cargo describes the target in variables

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // For GNU's and LLVM's linkers, and for Zig's, which cargo lambda uses. Apple's linker has no such programs, and with
    // musl the programs are static.
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
