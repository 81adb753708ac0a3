"""The tables, the reference for what every column holds. A change here comes with a migration.

Times are seconds since the epoch, sizes bytes. NULL means what the column's comment says and nothing else.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

models = Table(
    "models",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("limit_bytes", BigInteger, nullable=False),
    # Use when the filesystem was last seen mounted, so that a list of models mounts nothing.
    Column("used_bytes", BigInteger, nullable=False),
    Column("used_files", BigInteger, nullable=False),
    # NULL: no state is active. No foreign key, as states point here.
    Column("active_state_id", String),
    # A list of the functions the code defined when last loaded; NULL: it never was.
    Column("functions", JSON(none_as_null=True)),
    # wire.EnvironmentChoice; NULL: the server's default, whatever that becomes.
    Column("environment", JSON(none_as_null=True)),
    # Of the environment in use; NULL: none was built yet, or the server's default is used.
    Column("environment_key", String),
    # wire.EnvironmentChoice that is being built, to be in use once it is; NULL: none is.
    Column("wanted_environment", JSON(none_as_null=True)),
    # wire.LaunchChoice; NULL: nothing was chosen.
    Column("launch", JSON(none_as_null=True)),
)

# A model's environment variables.
variables = Table(
    "variables",
    metadata,
    Column("model_id", String, ForeignKey("models.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    # As it is where `secret` is false; else sealed with the key file, in base64.
    Column("value", String, nullable=False),
    Column("secret", Boolean, nullable=False),
)

# Other models whose files a model's sandboxes see, read-only, in a folder of this name.
mounted_models = Table(
    "mounted_models",
    metadata,
    Column("model_id", String, ForeignKey("models.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("other_id", String, ForeignKey("models.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("model_id", "other_id"),
)

states = Table(
    "states",
    metadata,
    Column("id", String, primary_key=True),
    Column("model_id", String, ForeignKey("models.id", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    # The operation that made it. No foreign key: an operation may be removed, its state stays.
    Column("operation_id", String),
    # Lists of wire.StateKey, sorted by key.
    Column("keys", JSON, nullable=False),
    Column("origin", String, nullable=False),
    # The state it was trained from. No foreign key, as above.
    Column("parent_id", String),
    # Of the code that made it; "": no code did.
    Column("code_digest", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    Index(None, "model_id", "created_at"),
)

# What a snapshot holds is in the store of snapshots, by this id.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", String, primary_key=True),
    Column("model_id", String, ForeignKey("models.id", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("file_count", BigInteger, nullable=False),
    # NULL: it holds no state.
    Column("state_name", String),
    # A list of paths.
    Column("left_out", JSON, nullable=False),
    Index(None, "model_id", "created_at"),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String, primary_key=True),
    Column("model_id", String, ForeignKey("models.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    # The state it ran on and the state it made; NULL: none yet.
    Column("state_id", String),
    Column("result_state_id", String),
    Column("created_at", Double, nullable=False),
    # NULL: it has not started, not ended.
    Column("started_at", Double),
    Column("ended_at", Double),
    # wire.Outcome; NULL: it has not ended.
    Column("outcome", JSON(none_as_null=True)),
    # wire.LauncherSpec and wire.MaxDurations; NULL: it is older than these.
    Column("spec", JSON(none_as_null=True)),
    Column("max_durations", JSON(none_as_null=True)),
    # Of the snapshot whose code it ran; NULL: it was the model's own. No foreign key: a snapshot may be deleted.
    Column("snapshot_id", String),
    # The operation that it goes on from; NULL: none. No foreign key, as above.
    Column("resumes_id", String),
    # wire.OperationLauncher; NULL: it has had none.
    Column("launcher", JSON(none_as_null=True)),
    Index(None, "model_id", "created_at"),
    Index(None, "status"),
)

# What an operation leaves, as far as it is short: the rest is in its folder. Apart from its row, which lists read.
operation_records = Table(
    "operation_records",
    metadata,
    Column("operation_id", String, ForeignKey("operations.id", ondelete="CASCADE"), primary_key=True),
    # What it was started with, as JSON; NULL: it is long.
    Column("request", LargeBinary),
    # Its whole journal, as JSON lines, and its result as JSON; NULL: not ended, long, or it has none.
    Column("events", LargeBinary),
    Column("result", LargeBinary),
)

# Persistent launchers.
launchers = Table(
    "launchers",
    metadata,
    Column("id", String, primary_key=True),
    Column("model_id", String, ForeignKey("models.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    # wire.LauncherChoice.
    Column("choice", JSON, nullable=False),
)

# What is in the files of a dataset's folder, as far as it counts.
datasets = Table(
    "datasets",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    # When entries came or went last.
    Column("changed_at", Double, nullable=False),
    # A list of catalog.KeyRecord.
    Column("keys", JSON, nullable=False),
)

# Replies to requests that came with an idempotency key, for a day.
replies = Table(
    "replies",
    metadata,
    Column("key", String, primary_key=True),
    # SHA-256 of what was asked.
    Column("fingerprint", String, nullable=False),
    Column("created_at", Double, nullable=False),
    # NULL: the request is being worked on, or the server ended while it was.
    Column("status", BigInteger),
    Column("body", LargeBinary),
)

# Secrets are kept as their SHA-256: whoever reads the database cannot sign in with it.
sign_in_tokens = Table(
    "sign_in_tokens",
    metadata,
    Column("hash", String, primary_key=True),
    Column("expires_at", Double, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    # A list of wire.Scope.
    Column("scopes", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    # NULL: never.
    Column("expires_at", Double),
    # To the minute; NULL: it was never used.
    Column("last_used_at", Double),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String, primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

previews = Table(
    "previews",
    metadata,
    Column("hash", String, primary_key=True),
    # Of the session that may see it; nothing is left of it when that is closed.
    Column("session_hash", String, nullable=False),
    Column("model_id", String, nullable=False),
    Column("port", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
)
