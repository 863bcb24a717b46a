-- Those who prove on other machines, by their name and what their key is known by: another key is
-- another worker.
CREATE TABLE workers (
    name         TEXT   NOT NULL,
    fingerprint  TEXT   NOT NULL,
    -- Proofs of it that were right.
    proofs       BIGINT NOT NULL,
    -- How often in a row it took work and gave no sign any more.
    lapses       BIGINT NOT NULL,
    -- Nothing is given to it before.
    rests_until  BIGINT NOT NULL,
    -- When it was set aside, and why; zero if it was not.
    set_aside_at BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    PRIMARY KEY (name, fingerprint)
);
