//! What the tape is laid out from: levels of channels and the linear maps between them.
//!
//! Levels run from the public words (level 0) towards the inputs (the last level); a channel's
//! cells are consumed only by levels before its own. A cell at position `p` of the channel with
//! exponent `a` weighs `r^a·s^p` in its level's identity, so a tap whose stream stands at source
//! position `p` with shift `k` goes from position `p + i` to target position `k + i`.

use crate::field::int;
use halo2curves_axiom::{bn256::Fr, ff::Field};

/// A set of pairs `(key, value)` that a row may look up; the row's fixed column names the region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    /// Only `(0, 0)`: rows that hold nothing. Always region 0.
    Idle,
    /// Only `(0, 1)`: the constant that feeds biases. Always region 1.
    One,
    /// `(v·2^offset, 0)` for `0 ≤ v < 2^bits`: a limb of a remainder.
    Limb {
        /// Position of the limb's lowest bit.
        offset: u32,
        /// Bits of the limb.
        bits: u32,
    },
    /// `(v, v)` for `min ≤ v ≤ max`: an input.
    Input {
        /// Smallest input.
        min: i64,
        /// Largest input.
        max: i64,
    },
    /// `(q·2^shift, values[q − q_min])`: an activation.
    Function {
        /// Bits of `y` below the key.
        shift: u32,
        /// The first key, shifted down.
        q_min: i64,
        /// The values.
        values: Vec<i32>,
    },
}

impl Region {
    /// Number of entries.
    pub fn len(&self) -> usize {
        match self {
            Region::Idle | Region::One => 1,
            Region::Limb { bits, .. } => 1 << bits,
            Region::Input { min, max } => usize::try_from(max - min + 1).unwrap_or(0),
            Region::Function { values, .. } => values.len(),
        }
    }

    /// A region with nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `index`-th pair.
    pub fn entry(&self, index: usize) -> (i64, i64) {
        let i = index as i64;
        match self {
            Region::Idle => (0, 0),
            Region::One => (0, 1),
            Region::Limb { offset, .. } => (i << offset, 0),
            Region::Input { min, .. } => (min + i, min + i),
            Region::Function {
                shift,
                q_min,
                values,
            } => ((q_min + i) << shift, i64::from(values[index])),
        }
    }

    /// Where `(key, value)` stands in the region, if it does.
    pub fn index_of(&self, key: i64, value: i64) -> Option<usize> {
        let index = match self {
            Region::Idle | Region::One => 0,
            Region::Limb { offset, .. } => key >> offset,
            Region::Input { min, .. } => key.checked_sub(*min)?,
            Region::Function { shift, q_min, .. } => (key >> shift).checked_sub(*q_min)?,
        };
        let index = usize::try_from(index).ok().filter(|&i| i < self.len())?;
        (self.entry(index) == (key, value)).then_some(index)
    }
}

/// The remainder bits of a pre-activation, cut into limbs: region indices, lowest limb first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limbs(pub Vec<usize>);

/// What a position of a channel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: no stream reaches the position.
    Hole,
    /// A public word: produced by its sources and equal to the instance.
    Word,
    /// A value that is looked up in `region`, with the rest of the pre-activation in `limbs`.
    Cell {
        /// Region of the activation (or input, or constant).
        region: usize,
        /// Index into [`Program::limbs`].
        limbs: usize,
    },
    /// A cell whose value is always zero: a kernel spills something here that nobody wants.
    Discard {
        /// A region of zeros.
        region: usize,
        /// Index into [`Program::limbs`].
        limbs: usize,
    },
    /// A square: the position produces `y` and gives `y²`, both any field elements.
    Square,
}

impl Content {
    /// Whether the position's value can be other than zero, so that its weight matters.
    pub const fn carries(self) -> bool {
        matches!(self, Self::Cell { .. } | Self::Square)
    }
}

/// Where the weight streams of a channel stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// One stream, whose weights are those of position `at`; a position later they are multiplied
    /// by `s`. Positions before `at` carry nothing.
    Once {
        /// The first position that carries something.
        at: usize,
    },
    /// A stream for every block of `items` positions that carries something, whose weights are
    /// those of the block's first position.
    Each {
        /// Positions of a block.
        items: usize,
    },
}

/// The positions of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Runs of positions with the same content, from position 0.
    pub runs: Vec<(Content, usize)>,
    /// Where weights are streamed.
    pub feed: Feed,
}

impl Pattern {
    /// The same content at all of `positions`, with one stream.
    pub fn uniform(content: Content, positions: usize) -> Self {
        Self {
            runs: vec![(content, positions)],
            feed: Feed::Once { at: 0 },
        }
    }

    /// Number of positions.
    pub fn positions(&self) -> usize {
        self.runs.iter().map(|run| run.1).sum()
    }

    /// The contents, position by position.
    pub fn contents(&self) -> impl Iterator<Item = Content> + '_ {
        self.runs
            .iter()
            .flat_map(|&(content, count)| std::iter::repeat_n(content, count))
    }

    /// The first positions of the blocks that have a stream.
    pub fn streams(&self) -> Vec<usize> {
        match self.feed {
            Feed::Once { at } => vec![at],
            Feed::Each { items } => {
                let mut blocks = Vec::new();
                for (position, content) in self.contents().enumerate() {
                    let first = position - position % items;
                    if content.carries() && blocks.last() != Some(&first) {
                        blocks.push(first);
                    }
                }
                blocks
            }
        }
    }
}

/// One channel's weight towards one channel of a level nearer to the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The target's level.
    pub level: usize,
    /// The target's channel.
    pub channel: usize,
    /// The target's position minus the source's.
    pub shift: usize,
    /// The weight.
    pub weight: Weight,
}

/// A weight. Model weights are small; packing weights are powers of two up to `2^240`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A signed integer.
    Int(i64),
    /// A field element.
    Field(Fr),
    /// A signed integer of which nobody but the owner knows more than its declared bits.
    Secret {
        /// What the key holds: the secret and what is public about the same coefficient.
        weight: i64,
        /// The public part.
        public: i64,
        /// The secret's declared bits, sign included.
        bits: u32,
    },
}

/// A group of channels numbered together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Indices into [`Program::patterns`], in tape order. Channel `i` of `len` has exponent
    /// `len − 1 − i + padding`.
    pub channels: Vec<usize>,
    /// Powers of `r` to put below the level's last channel.
    pub padding: usize,
}

impl Level {
    /// The power of `r` that channel `channel` weighs.
    pub fn exponent(&self, channel: usize) -> usize {
        self.channels.len() - 1 - channel + self.padding
    }
}

/// Gives the taps of a stream; called once per stream while the tape is laid out.
pub trait Taps: Sync {
    /// Appends the taps of the stream for `position` of `channel` of `level` to `into`.
    fn taps(&self, level: usize, channel: usize, position: usize, into: &mut Vec<Tap>);
}

/// The taps of a level, channel by channel.
pub type LevelTaps = Vec<Vec<Tap>>;

/// The taps written out, for tests and small programs whose channels have one stream.
impl Taps for Vec<LevelTaps> {
    fn taps(&self, level: usize, channel: usize, _position: usize, into: &mut Vec<Tap>) {
        into.extend_from_slice(&self[level][channel]);
    }
}

/// Levels, regions and limb splits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Level 0 holds the public words.
    pub levels: Vec<Level>,
    /// What channels look like.
    pub patterns: Vec<Pattern>,
    /// Index 0 is [`Region::Idle`], index 1 [`Region::One`].
    pub regions: Vec<Region>,
    /// The ways in which remainders are cut.
    pub limbs: Vec<Limbs>,
}

impl Program {
    /// Entries of all regions together: rows the table needs.
    pub fn table_rows(&self) -> usize {
        self.regions.iter().map(Region::len).sum()
    }

    /// The pattern of a channel.
    pub fn pattern(&self, level: usize, channel: usize) -> &Pattern {
        &self.patterns[self.levels[level].channels[channel]]
    }

    /// The number of a pattern, which is added if it is new.
    pub fn intern(&mut self, pattern: Pattern) -> usize {
        let known = self.patterns.iter().rposition(|known| *known == pattern);
        known.unwrap_or_else(|| {
            self.patterns.push(pattern);
            self.patterns.len() - 1
        })
    }
}

impl Weight {
    /// The weight as a field element.
    pub fn field(self) -> Fr {
        match self {
            Weight::Int(weight) | Weight::Secret { weight, .. } => int(weight),
            Weight::Field(weight) => weight,
        }
    }

    /// Whether the weight is known to be zero.
    pub fn is_zero(self) -> bool {
        match self {
            Weight::Int(weight) => weight == 0,
            Weight::Field(weight) => weight == Fr::ZERO,
            Weight::Secret { .. } => false,
        }
    }

    /// A weight of `bits` declared bits; a public one if there are none.
    pub fn declared(weight: i64, bits: u32) -> Self {
        match bits {
            0 => Self::Int(weight),
            _ => Self::Secret {
                weight,
                public: 0,
                bits,
            },
        }
    }

    /// The weight of both at once, on one coefficient.
    ///
    /// Secrets of one coefficient belong to terms that read one tensor, and have the bits of their
    /// sum ([`LayerSecrets`](verdict_model::ranges::LayerSecrets)).
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Self::Int(a + b),
            (
                Self::Secret {
                    weight,
                    public,
                    bits,
                },
                Self::Int(known),
            )
            | (
                Self::Int(known),
                Self::Secret {
                    weight,
                    public,
                    bits,
                },
            ) => Self::Secret {
                weight: weight + known,
                public: public + known,
                bits,
            },
            (
                Self::Secret {
                    weight: a,
                    public: known,
                    bits,
                },
                Self::Secret {
                    weight: b,
                    public,
                    bits: others,
                },
            ) => Self::Secret {
                weight: a + b,
                public: known + public,
                bits: bits.max(others),
            },
            // Field elements feed words and roots, which no secret does.
            (a, b) => Self::Field(a.field() + b.field()),
        }
    }
}
