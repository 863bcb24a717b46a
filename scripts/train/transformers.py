#!/usr/bin/env python3
"""Writes transformers as PyTorch exports them to target/bench/<name>/.

    .venv/bin/python scripts/train/transformers.py [name ...] [--out DIR]

nanogpt is a decoder of nanoGPT's shape: 4 blocks, 4 heads, width 64, 64 tokens of a vocabulary of 65, a causal mask,
GELU, a head tied to the embedding that gives the next token's scores; nanogpt-open is the same without the mask,
nanogpt-narrow has width 32 and 2 heads, nanogpt-tiny is one narrow block of it on 8 tokens. bert-tiny is an encoder of
BERT-tiny's shape: 2 blocks, 2 heads, width 128, 32 tokens, with token, position and segment embeddings, a padding mask
that is an input, and a pooler; bert-small-seq is one narrow block of it on 4 tokens. attention is a single attention
layer of nanogpt's shape, gpt2-block one block of GPT-2's. NAME@TOKENS is the same on another number of tokens, e.g. nanogpt@16. Weights are random, of the
sizes that training starts from: what is measured is compiling and proving. Each directory gets model.onnx (TorchScript
exporter) or, with --dynamo, the newer exporter's, and calibration.npz, test.npz.
"""

import argparse
import math
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SEED = 7
ROWS = 32


class Attention(nn.Module):
    def __init__(self, width, heads, causal, tokens):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        mask = torch.full((tokens, tokens), float("-inf")).triu(1) if causal else torch.zeros(tokens, tokens)
        self.register_buffer("mask", mask)

    def forward(self, x, bias):
        batch, tokens, width = x.shape
        split = (batch, tokens, self.heads, width // self.heads)
        q, k, v = (part.reshape(split).transpose(1, 2) for part in self.qkv(x).split(width, dim=2))
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads) + self.mask
        if bias is not None:
            scores = scores + bias
        mixed = functional.softmax(scores, dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    def __init__(self, width, heads, causal, tokens, post):
        super().__init__()
        self.attention = Attention(width, heads, causal, tokens)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.causal, self.post = causal, post

    def forward(self, x, bias=None):
        gelu = functional.gelu
        if self.post:
            x = self.first(x + self.attention(x, bias))
            return self.second(x + self.down(gelu(self.up(x))))
        x = x + self.attention(self.first(x), bias)
        return x + self.down(gelu(self.up(self.second(x)), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, blocks, heads, width, tokens, vocabulary):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(Block(width, heads, True, tokens, False) for _ in range(blocks))
        self.last = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        # As nanoGPT infers: the next token alone.
        return self.head(self.last(x)[:, [-1]])


class OpenDecoder(Decoder):
    """Without the causal mask: what that costs."""

    def __init__(self, *shape):
        super().__init__(*shape)
        for block in self.blocks:
            block.attention.mask.zero_()


class Encoder(nn.Module):
    def __init__(self, blocks, heads, width, tokens, vocabulary):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(tokens, width)
        self.segments = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, heads, False, tokens, True) for _ in range(blocks))
        self.pooler, self.head = nn.Linear(width, width), nn.Linear(width, 2)

    def forward(self, ids, mask):
        places = torch.arange(ids.shape[1])
        x = self.norm(self.tokens(ids) + self.places(places) + self.segments(torch.zeros_like(places)))
        bias = (1.0 - mask[:, None, None, :].float()) * -10000.0
        for block in self.blocks:
            x = block(x, bias)
        return self.head(torch.tanh(self.pooler(x[:, 0])))


class Layer(nn.Module):
    """Attention alone, on vectors: what it costs by the number of tokens."""

    def __init__(self, blocks, heads, width, tokens, vocabulary):
        super().__init__()
        self.attention = Attention(width, heads, True, tokens)

    def forward(self, x):
        return self.attention(x, None)


class Vectors(nn.Module):
    """Blocks alone, on vectors: a part of a model that is too large for one proof."""

    def __init__(self, blocks, heads, width, tokens, vocabulary):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, True, tokens, False) for _ in range(blocks))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


# Class, blocks, heads, width, tokens, vocabulary.
MODELS = {
    "nanogpt": (Decoder, 4, 4, 64, 64, 65),
    "nanogpt-open": (OpenDecoder, 4, 4, 64, 64, 65),
    "nanogpt-narrow": (Decoder, 4, 2, 32, 64, 65),
    "nanogpt-tiny": (Decoder, 1, 4, 32, 8, 65),
    "bert-tiny": (Encoder, 2, 2, 128, 32, 256),
    "bert-small-seq": (Encoder, 1, 2, 32, 4, 32),
    "attention": (Layer, 1, 4, 64, 64, 0),
    "gpt2-block": (Vectors, 1, 12, 768, 64, 0),
}


def shape(name):
    """What a model is made with; NAME@TOKENS has another number of tokens."""
    base, _, tokens = name.partition("@")
    kind, blocks, heads, width, usual, vocabulary = MODELS[base]
    return kind, blocks, heads, width, int(tokens or usual), vocabulary


def initialise(module):
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, 0.0, 0.08)


def rows(rng, kind, width, tokens, vocabulary, count):
    if kind in (Layer, Vectors):
        return {"x": rng.normal(size=(count, tokens, width)).astype(np.float32)}
    data = {"ids": rng.integers(0, vocabulary, (count, tokens))}
    if kind is Encoder:
        lengths = rng.integers(max(tokens // 2, 1), tokens + 1, count)
        data["mask"] = (np.arange(tokens)[None] < lengths[:, None]).astype(np.int64)
    # Every token and every place of padding is seen.
    data["ids"].reshape(-1)[:vocabulary] = np.arange(vocabulary)[: data["ids"].size]
    return data


def write(name, folder, dynamo):
    kind, blocks, heads, width, tokens, vocabulary = shape(name)
    torch.manual_seed(SEED)
    model = kind(blocks, heads, width, tokens, vocabulary).eval()
    model.apply(initialise)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    for part in ("calibration", "test"):
        data = rows(rng, kind, width, tokens, vocabulary, ROWS)
        np.savez(folder / f"{part}.npz", **data)
    one = tuple(torch.tensor(values[:1]) for values in data.values())
    torch.onnx.export(
        model,
        one,
        str(folder / "model.onnx"),
        input_names=list(data),
        output_names=["y"],
        opset_version=18 if dynamo else 17,
        dynamo=dynamo,
    )


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*", default=list(MODELS))
    arguments.add_argument("--out", default="target/bench", type=pathlib.Path)
    arguments.add_argument("--dynamo", action="store_true")
    given = arguments.parse_args()
    for name in given.names or MODELS:
        write(name, given.out / name, given.dynamo)
        print(given.out / name)


if __name__ == "__main__":
    main()
