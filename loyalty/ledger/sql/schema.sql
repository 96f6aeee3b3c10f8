-- The tables of the ledger. Points are bigint; what happened is only ever appended; what is true now is one narrow row.
--
-- No foreign keys between these tables: each would lock its parent row at every posting, and all postings of a program
-- share the issuance account, so the lock word of that one row would be rewritten by everybody. The functions beside
-- this file are the only writers, and the invariants R1 to R3 prove every reference.
-- CHECKs are few and short, because PostgreSQL parses and plans each of them anew for every statement that writes the
-- table (a tenth of an earn, measured): they guard what must never be seen wrong, the invariants prove the rest.

-- Words with few values are enums and not texts with a CHECK, for the same reason.
CREATE TYPE ledger_account_kind AS ENUM ('member', 'pool', 'issuance', 'redemption', 'breakage', 'adjustment', 'partner');
CREATE TYPE ledger_account_status AS ENUM ('ACTIVE', 'FROZEN', 'CLOSED');
CREATE TYPE ledger_transaction_kind AS ENUM ('earn', 'burn', 'transfer', 'adjust', 'expire', 'reverse');
CREATE TYPE ledger_hold_state AS ENUM ('ACTIVE', 'CAPTURED', 'RELEASED', 'EXPIRED');
CREATE TYPE ledger_pending_state AS ENUM ('PENDING', 'CONFIRMED', 'CANCELLED');

-- An account with a balance is a member's or a pool's (a household's), and names the counter-accounts of its program, so
-- that a posting reads one row. Of the others there is one per program, and one for each partner met.
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
    -- The point type: several wallets of one owner in one program are several accounts.
    wallet text COLLATE "C" NOT NULL DEFAULT 'main',
    opened_at timestamptz NOT NULL,
    -- Where the points of a closed account went when it was merged into another.
    merged_into_id bigint,
    CONSTRAINT ledger_account_public UNIQUE (public_id),
    -- One account per owner, program and wallet, and one counter-account of each kind per program (their owner is null).
    CONSTRAINT ledger_account_once UNIQUE NULLS NOT DISTINCT (owner_ref, program_ref, kind, wallet),
    CONSTRAINT ledger_account_owner CHECK ((kind IN ('member', 'pool', 'partner')) = (owner_ref IS NOT NULL)),
    CONSTRAINT ledger_account_counters CHECK (
        num_nonnulls(issuance_id, redemption_id, breakage_id, adjustment_id) = CASE WHEN kind IN ('member', 'pool') THEN 4 ELSE 0 END)
);
CREATE INDEX ledger_account_merged ON ledger_account (merged_into_id) WHERE merged_into_id IS NOT NULL;

-- The one row that changes at every posting, so nothing of it is indexed but its key: each update stays in its page (HOT).
-- The status lives here and not in the account, because a posting must see it under the lock of this row.
-- Only members and pools have one; the counter-accounts are sums of entries, never locked.
-- posted = what is left in the lots - debt; available = posted - held, below zero while in debt.
CREATE TABLE ledger_balance (
    account_id bigint PRIMARY KEY,
    points_posted bigint NOT NULL DEFAULT 0,
    points_held bigint NOT NULL DEFAULT 0,
    points_pending bigint NOT NULL DEFAULT 0,
    points_debt bigint NOT NULL DEFAULT 0,
    lifetime_points_earned bigint NOT NULL DEFAULT 0,
    lifetime_points_redeemed bigint NOT NULL DEFAULT 0,
    last_sequence bigint NOT NULL DEFAULT 0,
    last_recorded_at timestamptz NOT NULL,
    status ledger_account_status NOT NULL DEFAULT 'ACTIVE',
    CONSTRAINT ledger_balance_bounds CHECK (
        points_held >= 0 AND points_debt >= 0 AND points_posted + points_debt >= points_held)
-- A batch or an expiry changes all rows of a page at once: half of each page is left for their next versions.
) WITH (fillfactor = 50);

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
    -- The pending earn that this earn confirms; the hold that this burn captures.
    confirms_id bigint,
    hold_id bigint,
    -- Who acted, when it was not the owner: the member of a pool.
    customer_ref uuid,
    is_pending boolean NOT NULL DEFAULT false,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason_code text NOT NULL DEFAULT '',
    actor_ref text NOT NULL DEFAULT '',
    program_version_ref text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    trace jsonb,
    context jsonb,
    CONSTRAINT ledger_transaction_public UNIQUE (public_id),
    CONSTRAINT ledger_transaction_once UNIQUE (idempotency_scope, idempotency_key)
);
-- The statement of an account, newest first, is a walk along this index.
CREATE INDEX ledger_transaction_account ON ledger_transaction (account_id, public_id);
CREATE INDEX ledger_transaction_reverses ON ledger_transaction (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX ledger_transaction_hold ON ledger_transaction (hold_id) WHERE hold_id IS NOT NULL;

-- What a transaction moved between an account of a member or pool and a counter-account: both legs in one row, so that no
-- entry can be written that does not balance. `points_change` is the account's, with its gapless number and the balance
-- after it; the counter-account's is the opposite. Two accounts of one transaction (a transfer) are two entries against one
-- counter-account, which keeps what is lost between them. `ledger_leg` unfolds the legs.
CREATE TABLE ledger_entry (
    transaction_id bigint NOT NULL,
    line integer NOT NULL,
    account_id bigint NOT NULL,
    kind ledger_transaction_kind NOT NULL,
    points_change bigint NOT NULL,
    account_sequence bigint NOT NULL,
    balance_after bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    counter_id bigint NOT NULL,
    -- The lot that an earn opened, whole: it needs no row of its own. `earned_at` is set where there is one.
    earned_at timestamptz,
    expires_at timestamptz,
    spendable_until timestamptz,
    -- The one cap that counted this earn and granted all of it, the common case, so that it needs no row of its own either.
    cap_ref text COLLATE "C",
    cap_window date,
    PRIMARY KEY (transaction_id, line),
    CONSTRAINT ledger_entry_balanced CHECK (points_change <> 0 AND counter_id <> account_id),
    CONSTRAINT ledger_entry_lot CHECK (earned_at IS NULL OR points_change > 0 AND line = 1)
);
-- The nightly proof sums up every account along this index alone, in their order.
CREATE UNIQUE INDEX ledger_entry_sequence ON ledger_entry (account_id, account_sequence) INCLUDE (points_change, kind);
-- A balance at any instant is the first row of one probe here.
CREATE INDEX ledger_entry_as_of
    ON ledger_entry (account_id, recorded_at, account_sequence) INCLUDE (balance_after);
-- What happened since an instant (the open tail of the books, an incremental proof) is a few pages, found for nearly nothing.
CREATE INDEX ledger_entry_recorded ON ledger_entry USING brin (recorded_at) WITH (pages_per_range = 32);

-- Both legs of every entry: the account's with its number and balance, the counter-account's with neither.
CREATE VIEW ledger_leg AS
    SELECT e.transaction_id, e.line, e.account_id, e.kind, e.points_change, e.account_sequence, e.balance_after, e.recorded_at
    FROM ledger_entry e
    UNION ALL
    SELECT e.transaction_id, e.line, e.counter_id, e.kind, -e.points_change, NULL, NULL, e.recorded_at FROM ledger_entry e;

-- A lot never changes: how many points were earned when, and when they expire. `expires_at` is the date told to the
-- member, `spendable_until` the end of the grace after it; null is for ever. The lot of an earn is told by its entry. The
-- lots of everything else stand apart; a lot made by a transfer or a merge names the lot it came from. The only lot of a
-- transaction has the transaction's id; further lots draw an id from the same sequence (ledger_next_id), so that most lots
-- need neither a number of their own nor a row in the second index.
CREATE TABLE ledger_lot_apart (
    id bigint PRIMARY KEY,
    transaction_id bigint NOT NULL,
    account_id bigint NOT NULL,
    earned_at timestamptz NOT NULL,
    expires_at timestamptz,
    spendable_until timestamptz,
    -- Its open remainder beside it is bounded by a CHECK, which this row need not repeat.
    points_original bigint NOT NULL,
    source_lot_id bigint
);
CREATE INDEX ledger_lot_apart_transaction ON ledger_lot_apart (transaction_id) WHERE id <> transaction_id;
CREATE INDEX ledger_lot_apart_source ON ledger_lot_apart (source_lot_id) WHERE source_lot_id IS NOT NULL;

-- Every lot. A question for the source of a lot, or for the further lots of a transaction, goes to the lots apart, which
-- have the indexes for it.
CREATE VIEW ledger_lot AS
    SELECT e.transaction_id AS id, e.transaction_id, e.account_id, e.earned_at, e.expires_at, e.spendable_until,
        e.points_change AS points_original, NULL::bigint AS source_lot_id
    FROM ledger_entry e WHERE e.earned_at IS NOT NULL
    UNION ALL
    SELECT l.id, l.transaction_id, l.account_id, l.earned_at, l.expires_at, l.spendable_until, l.points_original,
        l.source_lot_id
    FROM ledger_lot_apart l;

-- What is left of a lot, while something is left: the row goes when the last point goes. For ever is 'infinity' here,
-- so that the key is the order of consumption. What changes lies in the key's index too, so that a burn and the nightly
-- proof read that alone; taking a part of a lot, which a burn does once at most, is written twice for it. A hold reserves
-- lots: `points_held` of what is left is set aside for active holds.
CREATE TABLE ledger_lot_open (
    account_id bigint NOT NULL,
    spendable_until timestamptz NOT NULL,
    earned_at timestamptz NOT NULL,
    lot_id bigint NOT NULL,
    expires_at timestamptz,
    points_original bigint NOT NULL,
    points_remaining bigint NOT NULL,
    points_held bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, spendable_until, earned_at, lot_id) INCLUDE (points_remaining, points_held),
    CONSTRAINT ledger_lot_open_bounds CHECK (
        points_remaining BETWEEN 1 AND points_original AND points_held BETWEEN 0 AND points_remaining)
) WITH (fillfactor = 80);
CREATE INDEX ledger_lot_open_due ON ledger_lot_open (spendable_until) WHERE spendable_until < 'infinity';

-- Every change of what is left of a lot: positive consumed, negative restored, in the order of `line`.
CREATE TABLE ledger_allocation (
    transaction_id bigint NOT NULL,
    line integer NOT NULL,
    lot_id bigint NOT NULL,
    points_consumed bigint NOT NULL CHECK (points_consumed <> 0),
    PRIMARY KEY (transaction_id, line)
);

-- Every change of an account's debt: positive made by a claw-back beyond the lots, negative settled by points that came in.
CREATE TABLE ledger_debt_change (
    transaction_id bigint NOT NULL,
    account_id bigint NOT NULL,
    points_change bigint NOT NULL CHECK (points_change <> 0),
    PRIMARY KEY (transaction_id, account_id)
);
CREATE INDEX ledger_debt_change_account ON ledger_debt_change (account_id);

-- How much of a cap has been used in one window, in the cap's units (points, or millionths of money for a budget). A cap
-- that several accounts share stands under account 0 and its reference names the scope. `last_counted` (points) lets one
-- upsert tell how much room it found.
CREATE TABLE ledger_cap_usage (
    account_id bigint NOT NULL,
    cap_ref text COLLATE "C" NOT NULL,
    window_start date NOT NULL,
    units_used bigint NOT NULL,
    units_max bigint NOT NULL,
    last_counted bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, cap_ref, window_start),
    CONSTRAINT ledger_cap_usage_bounds CHECK (units_used BETWEEN 0 AND units_max)
-- A batch inserts a row and counts in it at once: half of each page is left for that second version.
) WITH (fillfactor = 45);

-- What a transaction asked of a cap and what was counted; a reversal counts negatively in the same window. `part` names
-- the part of the earn that the cap belongs to. Read it through `ledger_cap_count`.
CREATE TABLE ledger_cap_hit (
    transaction_id bigint NOT NULL,
    cap_ref text COLLATE "C" NOT NULL,
    window_start date NOT NULL,
    account_id bigint NOT NULL,
    points_asked bigint NOT NULL,
    points_counted bigint NOT NULL,
    units_counted bigint NOT NULL,
    part text,
    -- With the account, because a merge moves the use from one account to the other.
    PRIMARY KEY (transaction_id, cap_ref, window_start, account_id)
);

-- What every transaction counted in caps: the rows above, and the common case that its entry tells.
CREATE VIEW ledger_cap_count AS
    SELECT h.transaction_id, h.cap_ref, h.window_start, h.account_id, h.points_asked, h.points_counted, h.units_counted, h.part
    FROM ledger_cap_hit h
    UNION ALL
    SELECT e.transaction_id, e.cap_ref, e.cap_window, e.account_id, e.points_change, e.points_change, e.points_change, NULL
    FROM ledger_entry e WHERE e.cap_ref IS NOT NULL;

-- What each part of an earn was granted after caps; written only for earns that name parts.
CREATE TABLE ledger_part (
    transaction_id bigint NOT NULL,
    line integer NOT NULL,
    code text NOT NULL,
    points_asked bigint NOT NULL,
    points_granted bigint NOT NULL,
    PRIMARY KEY (transaction_id, line)
);

-- What a transaction answered beyond its entries: written only when it has no entry of its own account (lost to caps, or
-- about pending points) or when one of these figures but the balance is not zero. The first answer is rebuilt from it.
CREATE TABLE ledger_answer (
    transaction_id bigint PRIMARY KEY,
    points_amount bigint NOT NULL,
    points_balance bigint NOT NULL,
    points_pending bigint NOT NULL,
    points_held bigint NOT NULL,
    points_debt bigint NOT NULL,
    points_lost_to_caps bigint NOT NULL,
    points_unrecovered bigint NOT NULL
);

-- Points earned that are not spendable yet. `points_amount` is what is left of `points_original` after partial reversals;
-- `ended_by` is the transaction that confirmed or cancelled it.
CREATE TABLE ledger_pending (
    transaction_id bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    points_original bigint NOT NULL,
    points_amount bigint NOT NULL,
    earned_at timestamptz NOT NULL,
    activates_at timestamptz,
    expires_at timestamptz,
    spendable_until timestamptz,
    state ledger_pending_state NOT NULL DEFAULT 'PENDING',
    ended_by bigint,
    CONSTRAINT ledger_pending_bounds CHECK (
        points_amount BETWEEN 0 AND points_original AND (state = 'PENDING') = (ended_by IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX ledger_pending_due ON ledger_pending (activates_at) WHERE state = 'PENDING' AND activates_at IS NOT NULL;
CREATE INDEX ledger_pending_account ON ledger_pending (account_id) WHERE state = 'PENDING';

-- Points set aside for a purchase that is not final. The row is the idempotency record of the hold and of its release;
-- a capture is a burn with a key of its own.
CREATE TABLE ledger_hold (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 50) PRIMARY KEY,
    public_id uuid NOT NULL UNIQUE,
    account_id bigint NOT NULL,
    points_amount bigint NOT NULL CHECK (points_amount > 0),
    points_captured bigint NOT NULL DEFAULT 0,
    state ledger_hold_state NOT NULL,
    held_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    customer_ref uuid,
    actor_ref text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    context jsonb,
    idempotency_scope text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL,
    correlation_id uuid,
    causation_id uuid,
    -- The figures right after the hold, so that a replay answers the same.
    points_balance bigint NOT NULL,
    points_pending bigint NOT NULL DEFAULT 0,
    points_held bigint NOT NULL,
    points_debt bigint NOT NULL DEFAULT 0,
    ended_at timestamptz,
    ended_scope text COLLATE "C",
    ended_key text COLLATE "C",
    ended_hash bytea,
    ended_reason text NOT NULL DEFAULT '',
    -- The figures right after the release.
    ended_balance bigint,
    ended_pending bigint,
    ended_held bigint,
    ended_debt bigint,
    CONSTRAINT ledger_hold_once UNIQUE (idempotency_scope, idempotency_key)
);
CREATE INDEX ledger_hold_account ON ledger_hold (account_id, id);
CREATE INDEX ledger_hold_due ON ledger_hold (expires_at) WHERE state = 'ACTIVE';
CREATE UNIQUE INDEX ledger_hold_ended ON ledger_hold (ended_scope, ended_key) WHERE ended_key IS NOT NULL;

-- The lots that a hold reserves.
CREATE TABLE ledger_hold_lot (
    hold_id bigint NOT NULL,
    line integer NOT NULL,
    lot_id bigint NOT NULL,
    points_amount bigint NOT NULL CHECK (points_amount > 0),
    PRIMARY KEY (hold_id, line)
);
CREATE INDEX ledger_hold_lot_lot ON ledger_hold_lot (lot_id);

-- A day of the books closed: what moved on each counter-account and, under account 0, on all balances of the program.
CREATE TABLE ledger_day_close (
    program_ref uuid NOT NULL,
    account_id bigint NOT NULL,
    day date NOT NULL,
    points_change bigint NOT NULL,
    entries bigint NOT NULL,
    points_closing bigint NOT NULL,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (program_ref, account_id, day)
);
CREATE INDEX ledger_day_close_day ON ledger_day_close (day);

-- The answer of every verb; `trace` and `context` are text so that a replay gives them back byte for byte. `caps` is null
-- when every cap of the posting granted all that was asked.
CREATE TYPE ledger_receipt AS (
    transaction_id uuid,
    account_id uuid,
    owner_ref uuid,
    program_ref uuid,
    wallet text,
    customer_ref uuid,
    kind text,
    points_amount bigint,
    points_balance bigint,
    points_pending bigint,
    points_held bigint,
    points_debt bigint,
    points_lost_to_caps bigint,
    points_unrecovered bigint,
    is_pending boolean,
    is_replay boolean,
    occurred_at timestamptz,
    recorded_at timestamptz,
    expires_at timestamptz,
    reverses uuid,
    confirms uuid,
    hold_id uuid,
    counterpart_account_id uuid,
    counterpart_balance bigint,
    caps text,
    trace text,
    context text
);
-- The answer of a hold and of its release.
CREATE TYPE ledger_hold_receipt AS (
    hold_id uuid,
    account_id uuid,
    owner_ref uuid,
    program_ref uuid,
    wallet text,
    customer_ref uuid,
    state text,
    points_amount bigint,
    points_balance bigint,
    points_pending bigint,
    points_held bigint,
    points_debt bigint,
    is_replay boolean,
    held_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    context text
);
-- One line of a batch of earns; the names are those of EarnPosting. The arrays about caps run side by side; null for the
-- last four means one unit per point, no part, not shared, truncate.
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
    spendable_until timestamptz,
    customer_ref uuid,
    is_pending boolean,
    activates_at timestamptz,
    part_codes text[],
    part_points bigint[],
    cap_refs text[],
    cap_windows date[],
    cap_units_max bigint[],
    cap_units_per_point bigint[],
    cap_parts text[],
    cap_is_shared boolean[],
    cap_is_refused boolean[],
    actor_ref text,
    program_version_ref text,
    trace jsonb,
    context jsonb,
    correlation_id uuid,
    causation_id uuid
);
-- A line of a set of postings on its way through the functions: its header's number, its account, and why it is refused.
CREATE TYPE ledger_line AS (
    line integer,
    header_id bigint,
    transaction_id uuid,
    account_ref uuid,
    account_id bigint,
    counter_id bigint,
    owner_ref uuid,
    customer_ref uuid,
    program_ref uuid,
    kind ledger_account_kind,
    wallet text,
    points bigint,
    occurred_at timestamptz,
    expires_at timestamptz,
    spendable_until timestamptz,
    is_pending boolean,
    activates_at timestamptz,
    correlation_id uuid,
    causation_id uuid,
    context jsonb,
    refusal text
);
-- A line of a set of burns or adjustments; the names are those of BurnPosting and AdjustPosting, but `points_change` is
-- signed for both.
CREATE TYPE ledger_change_line AS (
    line integer,
    transaction_id uuid,
    account_id uuid,
    points_change bigint,
    consumption text,
    idempotency_scope text,
    idempotency_key text,
    request_hash bytea,
    occurred_at timestamptz,
    expires_at timestamptz,
    spendable_until timestamptz,
    customer_ref uuid,
    reason_code text,
    reason text,
    actor_ref text,
    program_version_ref text,
    trace jsonb,
    context jsonb,
    correlation_id uuid,
    causation_id uuid
);
-- Such a line on its way: its header's number, its account, and why it is refused ('replay' when its key was used).
CREATE TYPE ledger_change AS (
    line integer,
    header_id bigint,
    account_id bigint,
    counter_id bigint,
    owner_ref uuid,
    program_ref uuid,
    kind ledger_account_kind,
    wallet text,
    is_alone boolean,
    refusal text,
    asked ledger_change_line
);
