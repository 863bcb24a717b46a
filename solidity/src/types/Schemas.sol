// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// What the words of a proof mean: the on-chain counterpart of crates/model/src/manifest.rs.

/// @notice How integers stand in a public word: `word = Σ_i (x_i + offset)·2^(bits·i)`; see
/// `PublicValues`.
enum Packing {
    /// 31 values of 8 bits, offset 0.
    Bytes,
    /// 15 values of 16 bits, offset 2^15.
    Signed,
    /// 7 values of 32 bits, offset 2^31: sums over a batch.
    Wide
}

/// @notice Who sees an input's integers.
enum Visibility {
    /// Packed into public words.
    Public,
    /// Known to the prover alone.
    Private,
    /// Known to the prover alone; a hash of the values and a salt is a public word.
    Committed
}

/// @notice A public output of one item, or of all of a batch: see `ModelSpec`.
/// @param count Values.
/// @param packing How they stand in words.
/// @param scaleE36 The real value of one step, times 10^36, rounded to nearest:
/// `real = integer·scaleE36 / 10^36`. Of the manifest's f64 scale `s` this is off by at most
/// `0.5e-36 / s`, relatively; less than the f64's own 2⁻⁵³ for every `s` above 5e-21.
struct OutputSchema {
    uint32 count;
    Packing packing;
    uint192 scaleE36;
}

/// @notice An input of one item:
/// `integer = clamp(round(real / scale) − zeroPoint, minimum, maximum)`, halves away from zero; see
/// `FixedPoint.quantise`. A value that the model only compares with constants has a scale of zero:
/// its integer is `minimum + the number of its breakpoints that are at most real`, of which there
/// are `maximum − minimum`; see `Ranks`.
/// @param count Values.
/// @param packing How they stand in words (in committed words too).
/// @param visibility Whether they do.
/// @param minima The smallest integer: one for all values, or one each.
/// @param maxima The largest integer; as many as `minima`.
/// @param scalesE36 The real value of one step, times 10^36: one for all values, or one each. Zero
/// for a value that is a rank; there is then one each.
/// @param zeroPoints As many as `scalesE36`; zero for ranks.
struct InputSchema {
    uint32 count;
    Packing packing;
    Visibility visibility;
    int32[] minima;
    int32[] maxima;
    uint192[] scalesE36;
    int64[] zeroPoints;
}

/// @notice What the public values of a model version mean. Content-addressed:
/// `keccak256(abi.encode(spec))` is the `circuitHash` of an ERC-7992 commitment. Where a value of an
/// input is a rank, it is `keccak256(abi.encode(spec, breakpoints))`, and `breakpoints` the keccak256
/// of the table that `Ranks` describes: no spec of ranks leaves open among what.
/// @dev Public values, in order: the context; the public inputs, tensor by tensor; the outputs,
/// tensor by tensor; the commitments. Each tensor of each item begins a new word. With N items,
/// inputs' or outputs', a tensor is word-major: word `w` of item `k` is `start + w·N + k`, if
/// `start` is the tensor's first. Commitments come input after input, item by item: of the
/// committed inputs, the one of number `j` of item `k` is `commitmentsStart + j·N + k`. See
/// docs/protocol.md.
///
/// Outputs of one value are packed across a batch's items, as if they were one tensor of one item:
/// written with `outputItems` 1 and as many values as there are items, value `k` being item `k`'s.
/// With more `outputItems` than one an output of one value has no layout and is refused. All
/// outputs of a spec are of the same number of items: a batch of which some outputs have words for
/// each item, and others are summed or packed across items, can't be written.
/// @param inputItems Inferences in one proof; 1 unless it is a batch.
/// @param outputItems Results in one proof: `inputItems`, or 1 if the outputs are reductions over
/// the batch or packed across it.
/// @param commitments Words at the end that commit to private inputs; zero exactly if no input is
/// `Committed`. The compiler's circuits have one for each committed input of each item.
/// @param inputs All inputs, private ones too, in the manifest's order.
/// @param outputs The public outputs, in the manifest's order.
/// @param keyProof keccak256 of the bytes of the verifying key's key proof; zero if the weights are
/// public. A key with private weights commits to columns that nobody but its owner can compute
/// again; the key proof shows, once, that what these hide are weights within their declared bits
/// and nothing else: no input left out, no hash weakened. No contract can check it: this is a
/// digest, and any digest can be written here. Whoever chooses a version must check the proof of
/// this digest, with the model's architecture at hand, or trust who did: `verdict audit` does it.
/// A contract can insist on a digest that was checked: see `Bundles`.
struct ModelSpec {
    uint24 inputItems;
    uint24 outputItems;
    uint16 commitments;
    InputSchema[] inputs;
    OutputSchema[] outputs;
    bytes32 keyProof;
}

/// @notice Where the public values of a model version are. There are
/// `1 + inputWords + outputWords + commitments` of them.
/// @param inputWords Words of all items' public inputs, from index 1.
/// @param outputWords Words of all items' outputs, from index `1 + inputWords`.
/// @param commitments Words after those.
/// @param inputItems As in `ModelSpec`.
/// @param outputItems As in `ModelSpec`.
struct PublicLayout {
    uint16 inputWords;
    uint16 outputWords;
    uint16 commitments;
    uint24 inputItems;
    uint24 outputItems;
}
