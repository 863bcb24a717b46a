//! Panics of a library, kept in: an error for the caller, not a word on stderr.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`quietly`], where a panic is nobody else's business.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Puts the thread's flag back, whichever way the scope is left.
struct Restored(bool);

impl Drop for Restored {
    fn drop(&mut self) {
        QUIET.set(self.0);
    }
}

/// Runs `work` on this thread; a panic becomes an error with its message.
///
/// The hook that prints panics is replaced once, by one that asks the panicking thread and hands
/// on everything else: replacing and restoring it around each call would let two threads restore
/// each other's.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let printed = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                printed(info);
            }
        }));
    });
    let restored = Restored(QUIET.replace(true));
    let result = catch_unwind(AssertUnwindSafe(work));
    drop(restored);
    result.map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        format!(
            "it panicked: {}",
            short(text.unwrap_or("without a message"))
        )
    })
}

/// The beginning of a message: libraries print whole graphs in theirs.
pub(crate) fn short(message: &str) -> String {
    const LONGEST: usize = 160;
    let line = message.lines().next().unwrap_or_default().trim();
    let mut text: String = line.chars().take(LONGEST).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors() {
        let error = quietly(|| -> () { panic!("one {}\ntwo", 1) }).unwrap_err();
        assert_eq!(error, "it panicked: one 1");
        assert!(!QUIET.get());
        assert_eq!(quietly(|| 7), Ok(7));
        // Inside another one the flag survives.
        let inner = quietly(|| (quietly(|| panic!("x")).is_err(), QUIET.get()));
        assert_eq!(inner, Ok((true, true)));
    }

    #[test]
    fn messages_are_cut() {
        assert_eq!(short("a\nb"), "a");
        let long = short(&"é".repeat(500));
        assert_eq!(long.chars().count(), 161);
    }
}
