//! One module per function. A handler parses an event, calls one use case and responds. On AWS, each function is its
//! own program (`src/bin`), which calls the module's `main`. In development, one program serves all functions: it looks
//! them up with [`by_name`].
//!
//! `main` is neither generic nor a future. So its code is compiled once, in this crate, and not again in each program.

// `cargo xtask generate` writes the lines between such comments.
// generated: modules
pub mod add_participants;
pub mod authorize;
pub mod block_user;
pub mod clear_chat;
pub mod connect;
pub mod count_unread;
pub mod create_attachment;
pub mod create_chat;
pub mod default_route;
pub mod delete_message;
pub mod disconnect;
pub mod edit_message;
pub mod get_attachment;
pub mod get_chat;
pub mod health;
pub mod list_blocks;
pub mod list_chats;
pub mod list_members;
pub mod list_messages;
pub mod list_users;
pub mod mark_seen;
pub mod profile;
pub mod react_to_message;
pub mod remove_participant;
pub mod send_message;
pub mod set_admin;
pub mod sync;
pub mod typing;
pub mod update_chat;
pub mod update_member;
// end of modules

use lambda_runtime::Error;
use std::process::{ExitCode, Termination as _};

/// Generates the look-up by function name from one list. The look-up is only for development: a program that calls it
/// links every handler.
macro_rules! handlers {
    ($($name:literal => $module:ident,)+) => {
        /// The names of all functions, as template.yaml's `BuildProperties.Binary` has them.
        pub const NAMES: &[&str] = &[$($name),+];

        /// The `main` of the function with this name; None if there is no such function.
        #[must_use]
        pub fn by_name(name: &str) -> Option<fn() -> ExitCode> {
            match name {
                $($name => Some($module::main),)+
                _ => None,
            }
        }

        /// Each function's name, module and `main`.
        #[cfg(test)]
        const MODULES: &[(&str, &str, fn() -> ExitCode)] = &[$(($name, stringify!($module), $module::main)),+];
    };
}

handlers! {
    // generated: handlers
    "add-participants" => add_participants,
    "authorize" => authorize,
    "block-user" => block_user,
    "clear-chat" => clear_chat,
    "connect" => connect,
    "count-unread" => count_unread,
    "create-attachment" => create_attachment,
    "create-chat" => create_chat,
    "default-route" => default_route,
    "delete-message" => delete_message,
    "disconnect" => disconnect,
    "edit-message" => edit_message,
    "get-attachment" => get_attachment,
    "get-chat" => get_chat,
    "health" => health,
    "list-blocks" => list_blocks,
    "list-chats" => list_chats,
    "list-members" => list_members,
    "list-messages" => list_messages,
    "list-users" => list_users,
    "mark-seen" => mark_seen,
    "profile" => profile,
    "react-to-message" => react_to_message,
    "remove-participant" => remove_participant,
    "send-message" => send_message,
    "set-admin" => set_admin,
    "sync" => sync,
    "typing" => typing,
    "update-chat" => update_chat,
    "update-member" => update_member,
    // end of handlers
}

/// Serves until Lambda ends the function. An error at the start is printed, and the exit code is 1, as with a `main`
/// that returns the error.
fn run(server: impl Future<Output = Result<(), Error>>) -> ExitCode {
    run_on_one_thread(server).report()
}

#[tokio::main(flavor = "current_thread")]
async fn run_on_one_thread(server: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    server.await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

    /// The names of the files in a directory of the package, without their extension.
    fn file_stems(directory: &str) -> BTreeSet<String> {
        let entries = std::fs::read_dir(Path::new(PACKAGE).join(directory)).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn program_and_look_up_by_name_use_the_same_main() {
        let manifest = include_str!("../../Cargo.toml");
        for &(name, module, main) in MODULES {
            assert_eq!(name.replace('-', "_"), module);
            assert!(by_name(name).is_some_and(|by_name| std::ptr::fn_addr_eq(by_name, main)), "{name}");
            let file = Path::new(PACKAGE).join(format!("src/bin/{name}.rs"));
            let program = std::fs::read_to_string(file).unwrap();
            let code: String = program.lines().filter(|line| !line.starts_with("//!")).map(str::trim).collect();
            assert_eq!(code, format!("fn main() -> std::process::ExitCode {{functions::handlers::{module}::main()}}"));
            let target = format!("[[bin]]\nname = \"{name}\"\npath = \"src/bin/{name}.rs\"\n");
            assert!(manifest.contains(&target), "{name} is not a [[bin]] of Cargo.toml");
        }
        assert!(by_name("no-such-function").is_none());
    }

    #[test]
    fn each_handler_is_listed_and_has_a_program() {
        let listed: BTreeSet<_> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        assert!(NAMES.is_sorted() && listed.len() == NAMES.len(), "{NAMES:?}");
        assert_eq!(file_stems("src/bin"), listed);
        let mut modules: BTreeSet<_> = listed.iter().map(|name| name.replace('-', "_")).collect();
        modules.insert("mod".to_owned());
        assert_eq!(file_stems("src/handlers"), modules);
    }
}
