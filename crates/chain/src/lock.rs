//! One command at a time on a chain's file.

use crate::ChainError;
use std::{
    fs::{File, TryLockError},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};
use verdict_wire::WireError;

/// How long a command waits for another one to end: a transaction is quick, making a large key is
/// not.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(25);

/// The right to act on a chain's file, until it is dropped or the process ends.
#[derive(Debug)]
pub struct ChainLock {
    // Never removed: whoever waits has the file open, and would lock one that nobody finds any
    // more.
    _file: File,
}

impl ChainLock {
    /// Waits for it a few seconds. The lock is on `FILE.lock` beside the chain's file, which is
    /// replaced whenever it is written.
    pub fn take(path: &Path) -> Result<Self, ChainError> {
        Self::within(path, PATIENCE)
    }

    fn within(path: &Path, patience: Duration) -> Result<Self, ChainError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let name = Path::new(&name);
        let fail = |what, source| WireError::Io {
            what,
            path: name.to_owned(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(name)
            .map_err(|error| fail("write", error))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(ChainError::Locked(path.to_owned())),
                Err(TryLockError::Error(error)) => return Err(fail("lock", error).into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chain.json");
        let held = ChainLock::take(&path).unwrap();
        let error = ChainLock::within(&path, Duration::ZERO).unwrap_err();
        assert!(matches!(&error, ChainError::Locked(locked) if *locked == path));
        assert!(error.to_string().contains("wait until"), "{error}");
        drop(held);
        ChainLock::within(&path, Duration::ZERO).unwrap();
        let nowhere = folder.path().join("nowhere").join("chain.json");
        assert!(matches!(
            ChainLock::take(&nowhere),
            Err(ChainError::Wire(WireError::Io { .. }))
        ));
    }
}
