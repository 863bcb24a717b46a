/// What can go wrong between an integer graph and a tape.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// The graph breaks an invariant of `verdict-model`.
    #[error("the integer graph is not valid: {0}; compile the ONNX model again")]
    Graph(String),
    /// A cell feeds targets that no single pass of the weight stream can visit.
    #[error(
        "channel {channel} of level {level} feeds shifts and levels that no monotone path visits; duplicate the channel"
    )]
    Path {
        /// Level of the channel.
        level: usize,
        /// The channel within its level.
        channel: usize,
    },
    /// No height up to the limit holds the tape.
    #[error(
        "the tape needs {rows} rows at width {width}, more than the {usable} usable rows of height {k}; raise the width or the height"
    )]
    TooTall {
        /// Rows needed.
        rows: usize,
        /// Weights to a row.
        width: usize,
        /// Rows available.
        usable: usize,
        /// `log2` of the number of rows.
        k: u32,
    },
    /// No plan meets the limits.
    #[error("no plan fits: {0}")]
    NoPlan(String),
    /// The batch does not fit the model.
    #[error("the batch does not fit the model: {0}")]
    Batch(String),
    /// A coefficient of the key is not what the architecture lets it be.
    #[error(
        "row {row} of weight column {column} is no {what} of the architecture; make key and architecture from the same model",
        what = match bits { 0 => "public coefficient".into(), bits => format!("weight within the {bits} declared bits") }
    )]
    Undeclared {
        /// The row.
        row: usize,
        /// The weight column.
        column: usize,
        /// The declared bits; 0 where the coefficient is public.
        bits: u32,
    },
    /// The trace is not one of this graph.
    #[error("the trace does not belong to this model: {0}")]
    Trace(String),
    /// A looked-up pair is not in the table: the executor and the tape disagree.
    #[error(
        "row {row}: ({key}, {value}) is not in region {region} of the table; this is a defect of Verdict, please report it"
    )]
    NotInTable {
        /// The row.
        row: usize,
        /// The region.
        region: u32,
        /// The key.
        key: i64,
        /// The value.
        value: i64,
    },
}
