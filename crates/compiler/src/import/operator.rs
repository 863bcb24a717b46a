//! What the importer knows of one operator: a row of the [table](super::operators).

use tract_onnx::pb::NodeProto;

use crate::Result;
use crate::import::builder::Builder;
use crate::import::defect::{self, Defect};
use crate::import::expand::{Expanded, Expansion};
use crate::import::guarantee::Guarantee;
use crate::import::kinds::{Held, Holds};
use crate::import::ml::Outputs;
use crate::import::node::Node;
use crate::import::ops::compare::Order;
use crate::import::ops::functions::Cellwise;
use crate::import::state::Importer;
use crate::import::values::Value;
use crate::import::values::affine::Affine;
use crate::import::values::planes::PlaneMap;
use crate::import::{kinds, ml};

/// Functions of operands that may be planes.
type OnPlanes<T> = fn(&Node<'_>, &[Option<&Value>], &mut Builder) -> Result<T>;
/// Functions of operands the first of which is planes.
type OnFirst<T> = fn(&Node<'_>, &PlaneMap, &[Option<&Value>], &mut Builder) -> Result<T>;

/// How an operator's results stay planes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Planewise {
    /// They do not: they are computed cell by cell.
    No,
    /// Whatever the operands are, it is tried.
    Tried(OnPlanes<Option<Value>>),
    /// If any operand is planes, it is tried.
    Any(OnPlanes<Option<PlaneMap>>),
    /// If the first operand is planes, it is tried.
    First(OnFirst<Option<PlaneMap>>),
    /// If the first operand is planes, only its shape changes, as it does cell by cell.
    Reshaped(fn(&Node<'_>) -> Result<Affine>),
    /// If the first operand is planes, its cells move as they do one by one, and it is tried
    /// whether that is planes.
    Moved(fn(&Node<'_>) -> Result<Affine>),
    /// If the first operand is planes, it is cut into several values, and it is tried whether these
    /// are planes.
    Cut(fn(&Node<'_>) -> Result<Vec<Affine>>),
    /// If the first operand is planes, the result tells of its shape alone.
    Measured(fn(&Node<'_>) -> Result<Affine>),
}

/// How an operator's results are computed where they do not stay planes and are no function of a
/// single value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Explicit {
    /// The operator is element-wise and nothing else.
    No,
    /// The result is a linear map of the operands.
    Map(fn(&Node<'_>) -> Result<Affine>),
    /// The result is made of new tensors.
    Tensors(fn(&Node<'_>, &mut Builder) -> Result<Affine>),
    /// The results are linear maps of the operands.
    Maps(fn(&Node<'_>) -> Result<Vec<Affine>>),
    /// The results are made of new tensors.
    Several(fn(&Node<'_>, &mut Builder) -> Result<Vec<Affine>>),
}

/// How an operator of `ai.onnx.ml` is imported.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Learned {
    /// The result is a linear map of the operands.
    Map(fn(&Node<'_>) -> Result<Affine>),
    /// The result is made of new tensors.
    Tensors(fn(&mut Importer<'_>, &Node<'_>) -> Result<Affine>),
    /// The results are made of new tensors, and some may be left out.
    Several(fn(&mut Importer<'_>, &Node<'_>) -> Result<Outputs>),
}

/// What is unlike other operators about importing one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Special {
    /// The operator has nothing special.
    No,
    /// The node is a constant.
    Constant(fn(&Node<'_>) -> Result<Affine>),
    /// The node says the same as one of another operator.
    As(&'static str, fn(&Held, &NodeProto) -> Option<NodeProto>),
    /// The operator is one of `ai.onnx.ml`.
    Learned(Learned),
    /// The node is made of others.
    Expanded(Expand),
}

/// Runs the nodes that a node is made of.
pub(crate) type Expand = fn(&mut Expansion<'_, '_>, &Node<'_>) -> Result<Expanded>;

/// What an operator makes of a constant that holds an infinity.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Infinities {
    /// The constant is a weight, so this is an error.
    Refused,
    /// The constant is a bound, or a value to compare with.
    Read,
    /// The constant is a mask, where a large number will do.
    Masked,
    /// The constant is one of two values that a constant condition chooses between: a mask.
    Chosen,
    /// The constant is compared with: on which side of an infinity a number lies is known. The
    /// function says whether the comparison holds.
    Compared(fn(&f64, &f64) -> bool),
    /// It is asked which cells are infinite, or no numbers.
    Asked(Asked),
    /// Constants with infinities become others, as masks are made. The function is what the
    /// operator does to them.
    Moved(fn(&Node<'_>) -> Result<Affine>),
}

/// What is asked of each cell, besides its value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    /// Whether it is an infinity, of a sign that the attributes name.
    Infinite,
    /// Whether it is no number.
    Undefined,
}

/// What becomes of whole numbers: ONNX's have a type, and so has what an operator makes of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OfWhole {
    /// Nobody says, so that the result must be a sum of whole multiples, or else is refused.
    Checked,
    /// They are moved, picked or decided by, so that the result lies within the type.
    Within,
    /// They are whole again, but may leave the type.
    Whole,
    /// They get fractions, which the type drops.
    Truncated,
    /// The node is made of others that know better.
    Made(Expand),
}

/// Which operands become tensors of integers under their own name before an operator is imported,
/// so that other operators that read them do so too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integers {
    /// No operand becomes one.
    No,
    /// The first operand does.
    First,
    /// The first operand does, if it is made of many weights.
    HeavyFirst,
    /// The first two operands do, if both depend on the model's input.
    Factors,
    /// The first two operands do, if both depend on the model's input; otherwise those that are
    /// made of squares, since a matrix would have their uniform weights rounded one by one.
    FactorsOrSquares,
}

/// What an operator near the end of a network says of what the outputs are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It says nothing.
    Open,
    /// It passes on what it is given.
    Passes,
    /// Its operand holds scores of classes along an axis, by default this one.
    Chooses { axis: i64 },
    /// What it gives may be scores or quantities.
    Adds,
}

/// What an operator does that ways can be followed through, besides what it does cell by cell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Follows {
    /// Nothing.
    No,
    /// It compares.
    Compares(Order),
    /// It picks rows of operand 0 by operand 1.
    PicksRows,
    /// It picks cells of operand 0 by operand 1.
    PicksCells,
}

/// The offsets and factors of a scaler, one of each for so many features.
type Scaling = fn(&Node<'_>, usize) -> Option<(Vec<f64>, Vec<f64>)>;

/// What an operator does in 32-bit arithmetic to a cell, one step after another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rounds {
    /// Nothing that is kept.
    No,
    /// It adds a constant.
    Adds,
    /// It takes the second operand from the first.
    Subtracts,
    /// It multiplies by a constant.
    Multiplies,
    /// It divides by a constant.
    Divides,
    /// It takes an offset away and multiplies by a factor, which are attributes.
    Scales(Scaling),
}

/// What an operator is in a soft-max that is spelled out: `e / Σ e` with `e = exp(x − max x)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing.
    No,
    /// `a / b`
    Share,
    /// `exp a`
    Power,
    /// `a − b`
    Lead,
    /// The largest along axes.
    Largest,
    /// The sum along axes.
    Sum,
}

/// An operator the importer knows.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// Empty for ONNX's own, or `ai.onnx.ml`.
    pub domain: &'static str,
    /// The operator's name.
    pub name: &'static str,
    /// How exact it is.
    pub guarantee: Guarantee,
    /// What it asks for; empty if nothing.
    pub conditions: &'static str,
    pub(crate) special: Special,
    pub(crate) cellwise: Cellwise,
    pub(crate) planewise: Planewise,
    pub(crate) explicit: Explicit,
    /// Whether `explicit` is for operands that depend on the model's input alone, and constants are
    /// computed element-wise.
    pub(crate) varying: bool,
    pub(crate) infinities: Infinities,
    pub(crate) integers: Integers,
    /// What its outputs hold by type.
    pub(crate) holds: Holds,
    /// What becomes of whole numbers.
    pub(crate) of_whole: OfWhole,
    /// Whether it reads nothing of its operand but the shape.
    pub(crate) only_shape: bool,
    /// Whether the order of its results is that of its operand's cells.
    pub(crate) soft_max: bool,
    /// Whether whole numbers are left as they are.
    pub(crate) keeps_whole: bool,
    /// The operator that does the same with the reciprocal of operand 1.
    pub(crate) with_reciprocal: Option<&'static str>,
    /// Whether it takes its operand for categories, which are whole numbers.
    pub(crate) categories: bool,
    /// Whether it passes scores on as they are.
    pub(crate) passes_scores: bool,
    /// What it says of a network's outputs.
    pub(crate) end: End,
    /// What tract makes of it otherwise than ONNX.
    pub(crate) defect: Option<Defect>,
    /// Whether all it does to words is to move them.
    pub(crate) moves_words: bool,
    /// Whether its operands may have no cells at all.
    pub(crate) may_be_empty: bool,
    /// Whether operand 1 is a list that may be empty.
    pub(crate) lists: bool,
    /// Whether it reads scores, or passes them on, of which the input decides which are infinite.
    pub(crate) scores: bool,
    /// What it does with decided values, other than cell by cell.
    pub(crate) follows: Follows,
    /// What it does to features in 32-bit arithmetic.
    pub(crate) rounds: Rounds,
    /// What it is in a soft-max that is spelled out.
    pub(crate) part: Part,
}

impl Operator {
    /// A row of ONNX's own domain, so far without any way to import it.
    pub(crate) const fn onnx(
        name: &'static str,
        guarantee: Guarantee,
        conditions: &'static str,
    ) -> Self {
        Self {
            domain: "",
            name,
            guarantee,
            conditions,
            special: Special::No,
            cellwise: Cellwise::No,
            planewise: Planewise::No,
            explicit: Explicit::No,
            varying: false,
            infinities: Infinities::Refused,
            integers: Integers::No,
            holds: kinds::first,
            of_whole: match guarantee {
                Guarantee::Moved
                | Guarantee::Extreme
                | Guarantee::Decision
                | Guarantee::Constant => OfWhole::Within,
                _ => OfWhole::Checked,
            },
            only_shape: false,
            soft_max: false,
            keeps_whole: false,
            with_reciprocal: None,
            categories: false,
            passes_scores: false,
            end: End::Open,
            defect: None,
            moves_words: false,
            may_be_empty: false,
            lists: false,
            scores: false,
            follows: Follows::No,
            rounds: Rounds::No,
            part: Part::No,
        }
    }

    /// A row of `ai.onnx.ml`. What its outputs hold is left open: a classifier's labels and codes
    /// may be anything.
    pub(crate) const fn learned(
        name: &'static str,
        guarantee: Guarantee,
        conditions: &'static str,
        learned: Learned,
    ) -> Self {
        Self {
            domain: ml::DOMAIN,
            special: Special::Learned(learned),
            holds: kinds::real,
            of_whole: OfWhole::Within,
            defect: Some(defect::LEARNED),
            ..Self::onnx(name, guarantee, conditions)
        }
    }

    /// Adds what it says of a network's outputs.
    pub(crate) const fn end(mut self, value: End) -> Self {
        self.end = value;
        self
    }

    /// Adds what tract makes of it otherwise than ONNX.
    pub(crate) const fn defect(mut self, value: Defect) -> Self {
        self.defect = Some(value);
        self
    }

    /// Whether there is any way to import the operator.
    #[cfg(test)]
    pub(crate) fn has_dispatch(&self) -> bool {
        !matches!(
            (self.special, self.cellwise, self.planewise, self.explicit),
            (Special::No, Cellwise::No, Planewise::No, Explicit::No)
        )
    }

    /// Adds what is unlike other operators.
    pub(crate) const fn special(mut self, value: Special) -> Self {
        self.special = value;
        self
    }

    /// Adds the nodes it is made of.
    pub(crate) const fn expanded(mut self, value: Expand) -> Self {
        self.special = Special::Expanded(value);
        self.holds = kinds::real;
        self.of_whole = OfWhole::Whole;
        self
    }

    /// Adds what it does cell by cell.
    pub(crate) const fn cellwise(mut self, value: Cellwise) -> Self {
        self.cellwise = value;
        self
    }

    /// Adds how its results stay planes.
    pub(crate) const fn planewise(mut self, value: Planewise) -> Self {
        self.planewise = value;
        self
    }

    /// Adds how its results are computed otherwise.
    pub(crate) const fn explicit(mut self, value: Explicit) -> Self {
        self.explicit = value;
        self
    }

    /// Adds how its results are computed where an operand depends on the model's input; constants
    /// are computed element-wise.
    pub(crate) const fn varying(mut self, value: Explicit) -> Self {
        self.explicit = value;
        self.varying = true;
        self
    }

    /// Adds what it makes of infinities.
    pub(crate) const fn infinities(mut self, value: Infinities) -> Self {
        self.infinities = value;
        self
    }

    /// Adds which operands become integers first.
    pub(crate) const fn integers(mut self, value: Integers) -> Self {
        self.integers = value;
        self
    }

    /// Adds what its outputs hold by type.
    pub(crate) const fn holds(mut self, value: Holds) -> Self {
        self.holds = value;
        self
    }

    /// Adds what becomes of whole numbers.
    pub(crate) const fn of_whole(mut self, value: OfWhole) -> Self {
        self.of_whole = value;
        self
    }

    /// Says that it makes whole numbers of whole numbers, which may leave their type.
    pub(crate) const fn stays_whole(self) -> Self {
        self.of_whole(OfWhole::Whole)
    }

    /// Says that what it makes of whole numbers lies within their type.
    pub(crate) const fn stays_within(self) -> Self {
        self.of_whole(OfWhole::Within)
    }

    /// Says that fractions of whole numbers are dropped.
    pub(crate) const fn truncates(self) -> Self {
        self.of_whole(OfWhole::Truncated)
    }

    /// Says that it reads nothing of its operand but the shape.
    pub(crate) const fn only_shape(mut self) -> Self {
        self.only_shape = true;
        self
    }

    /// Says that the order of its results is that of its operand's cells.
    pub(crate) const fn soft_max(mut self) -> Self {
        self.soft_max = true;
        self
    }

    /// Says that it leaves whole numbers as they are.
    pub(crate) const fn keeps_whole(mut self) -> Self {
        self.keeps_whole = true;
        self
    }

    /// Names the operator that does the same with the reciprocal of operand 1.
    pub(crate) const fn with_reciprocal(mut self, value: &'static str) -> Self {
        self.with_reciprocal = Some(value);
        self
    }

    /// Says that it takes its operand for categories.
    pub(crate) const fn categories(mut self) -> Self {
        self.categories = true;
        self
    }

    /// Says that it reads scores, or passes them on, of which the input decides which are infinite.
    pub(crate) const fn scores(mut self) -> Self {
        self.scores = true;
        self
    }

    /// Says that its operands may have no cells at all.
    pub(crate) const fn may_be_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Says that operand 1 is a list that may be empty.
    pub(crate) const fn lists(mut self) -> Self {
        self.lists = true;
        self
    }

    /// Says that all it does to words is to move them.
    pub(crate) const fn moves_words(mut self) -> Self {
        self.moves_words = true;
        self
    }

    /// Adds what it does with decided values.
    pub(crate) const fn follows(mut self, value: Follows) -> Self {
        self.follows = value;
        self
    }

    /// Adds what it does to features in 32-bit arithmetic.
    pub(crate) const fn rounds(mut self, value: Rounds) -> Self {
        self.rounds = value;
        self
    }

    /// Adds what it is in a soft-max that is spelled out.
    pub(crate) const fn part(mut self, value: Part) -> Self {
        self.part = value;
        self
    }

    /// Says that it passes scores on as they are.
    pub(crate) const fn passes_scores(mut self) -> Self {
        self.passes_scores = true;
        self
    }
}
