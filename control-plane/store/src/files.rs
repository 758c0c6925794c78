//! The files that are in use, noticed when they are no longer where they were.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use merak_core::{Error, ErrorKind, Result, StoreSize};

use crate::database::{beside, find};

/// The files that a commit goes to, by what they are rather than by their names.
#[derive(Debug)]
pub(crate) struct Files {
    files: Vec<(PathBuf, (u64, u64))>,
}

impl Files {
    /// The database and its write-ahead log, which is there once the database was read.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let names = [path.to_owned(), beside(path, "-wal")];
        let files = names.into_iter().filter_map(|name| match find(&name) {
            Ok(found) => found.map(|file| Ok((name, (file.dev(), file.ino())))),
            Err(failure) => Some(Err(failure)),
        });
        Ok(Self {
            files: files.collect::<Result<_>>()?,
        })
    }

    /// How large they are.
    pub(crate) fn size(&self) -> Result<StoreSize> {
        let size_of = |index: usize| -> Result<u64> {
            let found = match self.files.get(index) {
                Some((name, _)) => find(name)?,
                None => None,
            };
            Ok(found.map_or(0, |file| file.len()))
        };
        Ok(StoreSize {
            file_bytes: size_of(0)?,
            log_bytes: size_of(1)?,
        })
    }

    /// Refuses to go on where a file was removed or replaced: what is written reaches nobody.
    ///
    /// Asks the file system, which takes some microseconds.
    pub(crate) fn require_in_place(&self) -> Result<()> {
        for (name, identity) in &self.files {
            let found = find(name)?.map(|file| (file.dev(), file.ino()));
            if found != Some(*identity) {
                let message = format!(
                    "`{}` was removed or replaced while it was in use: what is written now is lost",
                    name.display()
                );
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        Ok(())
    }
}
