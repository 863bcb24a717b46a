//! Integers that say between which of a feature's breakpoints a real number lies.
//!
//! A model that only compares a feature with constants cannot tell apart two numbers with no
//! constant between them. So the integer of a number is how many of the *breakpoints*, the numbers
//! at which a comparison changes its result, are at most that number: exact whatever the
//! distribution of the data.

/// The most breakpoints of a feature: integers have up to 15 bits.
pub const MAX_BREAKPOINTS: usize = (1 << 15) - 1;

/// How many of the ascending `breakpoints` are at most `real`.
pub fn rank(breakpoints: &[f64], real: f64) -> i32 {
    breakpoints.partition_point(|breakpoint| *breakpoint <= real) as i32
}

/// The smallest real number of `rank`; of rank 0, which has none, the largest. Zero if there are no
/// breakpoints, and that of the last rank for ranks beyond.
pub fn representative(breakpoints: &[f64], rank: i64) -> f64 {
    let Some(first) = breakpoints.first() else {
        return 0.0;
    };
    match usize::try_from(rank).ok().and_then(|it| it.checked_sub(1)) {
        None => first.next_down(),
        Some(at) => breakpoints[at.min(breakpoints.len() - 1)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_and_its_representative_belong_together() {
        let breakpoints = [-1e300, -0.5, 0.0, f64::from_bits(1), 2.0, 3e38];
        for q in 0..=breakpoints.len() as i32 {
            assert_eq!(
                rank(&breakpoints, representative(&breakpoints, q.into())),
                q
            );
        }
        assert_eq!(rank(&breakpoints, -0.0), 3);
        assert_eq!(rank(&breakpoints, 2.0), 5);
        assert_eq!(rank(&breakpoints, 2.0f64.next_down()), 4);
        assert_eq!(rank(&breakpoints, f64::MAX), 6);
        assert_eq!(representative(&breakpoints, 99), 3e38);
        assert_eq!((rank(&[], 7.0), representative(&[], 1)), (0, 0.0));
    }
}
