-- The tables of the ledger. Points are bigint; what happened is only ever appended; what is true now is one narrow row.
--
-- No foreign keys between these tables: each would lock its parent row at every posting, and all postings of a program
-- share the issuance account, so the lock word of that one row would be rewritten by everybody. The functions beside
-- this file are the only writers, and the invariants R1 to R3 prove every reference.
-- CHECKs are few and short, because PostgreSQL parses and plans each of them anew for every statement that writes the
-- table (a tenth of an earn, measured): they guard what must never be seen wrong, the invariants prove the rest.

-- Words with few values are enums and not texts with a CHECK, for the same reason.
CREATE TYPE ledger_account_kind AS ENUM ('member', 'issuance', 'redemption', 'breakage', 'adjustment', 'partner');
CREATE TYPE ledger_account_status AS ENUM ('ACTIVE', 'FROZEN', 'CLOSED');
CREATE TYPE ledger_transaction_kind AS ENUM ('earn', 'burn', 'transfer', 'adjust', 'expire', 'reverse');
CREATE TYPE ledger_hold_state AS ENUM ('ACTIVE', 'CAPTURED', 'RELEASED', 'EXPIRED');

-- A member's account names the counter-accounts of its program, so that a posting reads one row.
CREATE TABLE ledger_account (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,
    public_id uuid NOT NULL,
    kind ledger_account_kind NOT NULL,
    issuance_id bigint,
    redemption_id bigint,
    breakage_id bigint,
    adjustment_id bigint,
    owner_ref uuid,
    program_ref uuid NOT NULL,
    opened_at timestamptz NOT NULL,
    CONSTRAINT ledger_account_public UNIQUE (public_id),
    -- One member account per owner and program, and one counter-account of each kind per program (their owner is null).
    CONSTRAINT ledger_account_once UNIQUE NULLS NOT DISTINCT (owner_ref, program_ref, kind),
    CONSTRAINT ledger_account_owner CHECK ((kind IN ('member', 'partner')) = (owner_ref IS NOT NULL)),
    CONSTRAINT ledger_account_counters CHECK (
        kind <> 'member' OR num_nonnulls(issuance_id, redemption_id, breakage_id, adjustment_id) = 4)
);

-- The one row that changes at every posting, so nothing of it is indexed but its key: each update stays in its page (HOT).
-- The status lives here and not in the account, because a posting must see it under the lock of this row.
-- Only members (and later partners) have one; the counter-accounts are sums of entries, never locked.
CREATE TABLE ledger_balance (
    account_id bigint PRIMARY KEY,
    points_posted bigint NOT NULL DEFAULT 0,
    points_held bigint NOT NULL DEFAULT 0,
    points_pending bigint NOT NULL DEFAULT 0,
    lifetime_points_earned bigint NOT NULL DEFAULT 0,
    lifetime_points_redeemed bigint NOT NULL DEFAULT 0,
    last_sequence bigint NOT NULL DEFAULT 0,
    last_recorded_at timestamptz NOT NULL,
    status ledger_account_status NOT NULL DEFAULT 'ACTIVE',
    CONSTRAINT ledger_balance_bounds CHECK (points_posted >= 0 AND points_held BETWEEN 0 AND points_posted)
) WITH (fillfactor = 70);

-- The header is the idempotency record and the journal header in one write.
CREATE TABLE ledger_transaction (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,
    public_id uuid NOT NULL,
    kind ledger_transaction_kind NOT NULL,
    idempotency_scope text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL,
    account_id bigint NOT NULL,
    program_ref uuid NOT NULL,
    reverses_id bigint,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor_ref text NOT NULL DEFAULT '',
    program_version_ref text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    trace jsonb,
    context jsonb,
    CONSTRAINT ledger_transaction_public UNIQUE (public_id),
    CONSTRAINT ledger_transaction_once UNIQUE (idempotency_scope, idempotency_key)
);
CREATE INDEX ledger_transaction_reverses ON ledger_transaction (reverses_id) WHERE reverses_id IS NOT NULL;

-- Both legs of a transaction. A member's leg has its gapless number and the balance after it; a counter-leg has neither.
CREATE TABLE ledger_entry (
    transaction_id bigint NOT NULL,
    line integer NOT NULL,
    account_id bigint NOT NULL,
    kind ledger_transaction_kind NOT NULL,
    points_change bigint NOT NULL CONSTRAINT ledger_entry_not_zero CHECK (points_change <> 0),
    account_sequence bigint,
    balance_after bigint,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, line)
);
CREATE UNIQUE INDEX ledger_entry_sequence
    ON ledger_entry (account_id, account_sequence) WHERE account_sequence IS NOT NULL;
-- A balance at any instant is the first row of one probe here.
CREATE INDEX ledger_entry_as_of
    ON ledger_entry (account_id, recorded_at, account_sequence) INCLUDE (balance_after) WHERE account_sequence IS NOT NULL;

-- A lot never changes: how many points were earned when, and when they expire.
CREATE TABLE ledger_lot (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,
    transaction_id bigint NOT NULL,
    account_id bigint NOT NULL,
    earned_at timestamptz NOT NULL,
    expires_at timestamptz,
    -- Its open remainder beside it is bounded by a CHECK, which this row need not repeat.
    points_original bigint NOT NULL
);
CREATE INDEX ledger_lot_transaction ON ledger_lot (transaction_id);

-- What is left of a lot, while something is left: the row goes when the last point goes. No expiry is 'infinity' here,
-- so that the key is the order of consumption. `points_remaining` is in no index, so taking a part stays in its page.
CREATE TABLE ledger_lot_open (
    account_id bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    earned_at timestamptz NOT NULL,
    lot_id bigint NOT NULL,
    points_original bigint NOT NULL,
    points_remaining bigint NOT NULL,
    PRIMARY KEY (account_id, expires_at, earned_at, lot_id),
    CONSTRAINT ledger_lot_open_bounds CHECK (points_remaining BETWEEN 1 AND points_original)
) WITH (fillfactor = 80);
CREATE INDEX ledger_lot_open_due ON ledger_lot_open (expires_at) WHERE expires_at < 'infinity';

-- Every change of what is left of a lot: positive consumed, negative restored, in the order of `line`.
CREATE TABLE ledger_allocation (
    transaction_id bigint NOT NULL,
    line integer NOT NULL,
    lot_id bigint NOT NULL,
    points_consumed bigint NOT NULL CHECK (points_consumed <> 0),
    PRIMARY KEY (transaction_id, line)
);

-- How much of a cap an account has used in one window. `last_counted` lets one upsert tell how much room it found.
CREATE TABLE ledger_cap_usage (
    account_id bigint NOT NULL,
    cap_ref text COLLATE "C" NOT NULL,
    window_start date NOT NULL,
    points_used bigint NOT NULL,
    points_max bigint NOT NULL,
    last_counted bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, cap_ref, window_start),
    CONSTRAINT ledger_cap_usage_bounds CHECK (points_used BETWEEN 0 AND points_max)
-- A batch inserts a row and counts in it at once: half of each page is left for that second version.
) WITH (fillfactor = 45);

-- What a transaction asked of a cap and what was counted; a reversal counts negatively in the same window.
-- The balance is kept because an earn of which nothing is left has no entry that could tell it.
CREATE TABLE ledger_cap_hit (
    transaction_id bigint NOT NULL,
    cap_ref text COLLATE "C" NOT NULL,
    window_start date NOT NULL,
    account_id bigint NOT NULL,
    points_asked bigint NOT NULL,
    points_counted bigint NOT NULL,
    balance_after bigint NOT NULL,
    PRIMARY KEY (transaction_id, cap_ref, window_start)
);

-- Points set aside for a purchase that is not final.
CREATE TABLE ledger_hold (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,
    public_id uuid NOT NULL UNIQUE,
    account_id bigint NOT NULL,
    points_amount bigint NOT NULL CHECK (points_amount > 0),
    state ledger_hold_state NOT NULL,
    held_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ledger_hold_active ON ledger_hold (account_id) WHERE state = 'ACTIVE';

-- The answer of every verb; `trace` and `context` are text so that a replay gives them back byte for byte.
CREATE TYPE ledger_receipt AS (
    transaction_id uuid,
    account_id uuid,
    owner_ref uuid,
    program_ref uuid,
    kind text,
    points_amount bigint,
    points_balance bigint,
    points_lost_to_caps bigint,
    is_replay boolean,
    occurred_at timestamptz,
    recorded_at timestamptz,
    expires_at timestamptz,
    reverses uuid,
    trace text,
    context text
);
-- One line of a batch; the names are those of EarnPosting.
CREATE TYPE ledger_earn_line AS (
    line integer,
    transaction_id uuid,
    account_id uuid,
    points_amount bigint,
    idempotency_scope text,
    idempotency_key text,
    request_hash bytea,
    occurred_at timestamptz,
    expires_at timestamptz,
    cap_refs text[],
    cap_windows date[],
    cap_points_max bigint[],
    actor_ref text,
    program_version_ref text,
    trace jsonb,
    context jsonb,
    correlation_id uuid,
    causation_id uuid
);
