-- Everything the service must not lose. Types are those that SQLite and PostgreSQL share; bytes are
-- hexadecimal text, times are milliseconds since 1970 by the machine's clock, unless said otherwise.

CREATE TABLE triggers (
    id          TEXT   NOT NULL PRIMARY KEY,
    job         TEXT   NOT NULL,
    -- What happened, in words that are the same whoever sees it: a trigger is one row for ever.
    key         TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    priority    BIGINT NOT NULL,
    -- Why it is in this state.
    reason      TEXT   NOT NULL,
    -- What is known of it so far: JSON.
    work        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    -- Nothing is done with it before.
    not_before  BIGINT NOT NULL,
    -- After when it is worthless, in the chain's seconds; zero for never.
    expires_at  BIGINT NOT NULL,
    tries       BIGINT NOT NULL,
    -- Who works on it, and until when that is believed.
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL,
    UNIQUE (job, key)
);

CREATE INDEX triggers_by_state ON triggers (state, priority, created_at);

CREATE TABLE transitions (
    trigger_id TEXT   NOT NULL,
    number     BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    PRIMARY KEY (trigger_id, number)
);

-- One row for a nonce that is ours: at most one of its transactions can ever be in a chain.
CREATE TABLE slots (
    chain_id   BIGINT NOT NULL,
    signer     TEXT   NOT NULL,
    nonce      BIGINT NOT NULL,
    -- Empty when nothing but the nonce is to be used up.
    trigger_id TEXT   NOT NULL,
    -- open, mined, or lost to a transaction of somebody else with the same key.
    state      TEXT   NOT NULL,
    receiver   TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    gas        BIGINT NOT NULL,
    PRIMARY KEY (chain_id, signer, nonce)
);

CREATE INDEX slots_by_trigger ON slots (trigger_id);

-- Signed before it is sent, and kept before it is sent.
CREATE TABLE attempts (
    hash         TEXT   NOT NULL PRIMARY KEY,
    chain_id     BIGINT NOT NULL,
    signer       TEXT   NOT NULL,
    nonce        BIGINT NOT NULL,
    raw          TEXT   NOT NULL,
    -- In wei, as decimal text.
    max_fee      TEXT   NOT NULL,
    priority_fee TEXT   NOT NULL,
    -- Whether it does nothing but use the nonce up.
    cancels      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    sent_at      BIGINT NOT NULL
);

CREATE INDEX attempts_by_nonce ON attempts (chain_id, signer, nonce);

-- For the charts: what was read, what the model made of it, what the contract says.
CREATE TABLE observations (
    job      TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    inputs   TEXT   NOT NULL,
    value    TEXT   NOT NULL,
    standing TEXT   NOT NULL,
    PRIMARY KEY (job, at)
);

-- How far something has been read, for those who read on.
CREATE TABLE cursors (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Jobs that an operator stopped.
CREATE TABLE pauses (
    job    TEXT   NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    reason TEXT   NOT NULL
);
