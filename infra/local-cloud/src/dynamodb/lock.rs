//! Keeps two systems from using one database file. Each would push only to its own connections, and changes of the other
//! would arrive only with the next sync.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
};

use crate::Error;

/// A lock on a database file. Dropping it releases it, and so does the end of the process, however it ends.
#[derive(Debug)]
pub(super) struct FileLock {
    /// The open lock file: the operating system keeps the lock until it is closed.
    _lock_file: File,
}

impl FileLock {
    /// Locks the database file, which need not exist yet; its directory must. The lock is on a file of its own next to
    /// it, because SQLite locks the database file itself. The lock file names this process, and is never deleted:
    /// otherwise two systems could lock two files of the same name.
    ///
    /// # Errors
    ///
    /// [`Error::FileInUse`] if another system uses the database file.
    pub(super) fn acquire(database: &Path) -> Result<Self, Error> {
        let path = lock_path(database);
        let failed = |source| Error::Lock { path: path.clone(), source };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut lock_file = options.map_err(failed)?;
        match lock_file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let process = io::read_to_string(lock_file).ok().and_then(|text| text.trim().parse().ok());
                return Err(Error::FileInUse { file: database.to_owned(), process });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        lock_file.set_len(0).and_then(|()| writeln!(lock_file, "{}", process::id())).map_err(failed)?;
        Ok(Self { _lock_file: lock_file })
    }
}

/// The lock file of a database file. It is the same for every path that leads to the database file.
fn lock_path(database: &Path) -> PathBuf {
    let mut path = OsString::from(database.canonicalize().unwrap_or_else(|_missing| database.to_owned()));
    path.push(".lock");
    path.into()
}
