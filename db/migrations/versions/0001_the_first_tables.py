"""The first tables."""

import sqlalchemy as sa
from alembic import op

import db.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", db.types.SafeText(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("page_sizes", db.types.SafeJSON(), nullable=False),
        sa.Column("first_seen_at", db.types.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("sha256", name=op.f("uq_documents_sha256")),
    )
    op.create_table(
        "templates",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fields", db.types.SafeJSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_templates")),
    )
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inbox", db.types.PathText(), nullable=False),
        sa.Column("path", db.types.PathText(), nullable=False),
        sa.Column("place", db.types.PathText(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("template", db.types.SafeText(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", db.types.SafeText(), nullable=True),
        sa.Column("lease_until", db.types.Moment(timezone=True), nullable=True),
        sa.Column("last_problem_code", db.types.SafeText(), nullable=True),
        sa.Column("last_problem", db.types.SafeText(), nullable=True),
        sa.Column("received_at", db.types.Moment(timezone=True), nullable=False),
        sa.Column("steady_since", db.types.Moment(timezone=True), nullable=False),
        sa.Column("claimed_at", db.types.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", db.types.Moment(timezone=True), nullable=True),
        sa.Column("filed_at", db.types.Moment(timezone=True), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('received', 'claimed', 'extracting', 'extracted', 'needs_review', 'failed')",
            name=op.f("ck_arrivals_state"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_arrivals_document_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
    )
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrivals_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_inbox_state"), ["inbox", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrivals_path"), ["path"], unique=False, postgresql_using="hash")
        batch_op.create_index(batch_op.f("ix_arrivals_sha256"), ["sha256"], unique=False)
        batch_op.create_index(
            "ix_arrivals_unfiled",
            ["state"],
            unique=False,
            sqlite_where=sa.text("filed_at IS NULL"),
            postgresql_where=sa.text("filed_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_arrivals_state_lease_until"), ["state", "lease_until"], unique=False
        )

    op.create_table(
        "extractions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.Column("arrival_id", sa.Uuid(), nullable=True),
        sa.Column("file", db.types.PathText(), nullable=False),
        sa.Column("template", db.types.SafeText(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("recipe_digest", sa.String(length=64), nullable=False),
        sa.Column("models", db.types.SafeJSON(), nullable=False),
        sa.Column("engines", db.types.SafeJSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("timings", db.types.SafeJSON(), nullable=False),
        sa.Column("extracted_at", db.types.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('complete', 'partial', 'failed')", name=op.f("ck_extractions_status")),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrivals.id"], name=op.f("fk_extractions_arrival_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_extractions_document_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extractions")),
    )
    with op.batch_alter_table("extractions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extractions_arrival_id"), ["arrival_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_extractions_file"), ["file"], unique=False, postgresql_using="hash"
        )
        batch_op.create_index(
            batch_op.f("ix_extractions_template_current"), ["template", "current"], unique=False
        )
        batch_op.create_index(
            "uq_extractions_current",
            ["document_id", "template", "part"],
            unique=True,
            sqlite_where=sa.text("current"),
            postgresql_where=sa.text("current"),
        )
        batch_op.create_index(
            "uq_extractions_recipe",
            ["document_id", "template", "part", "recipe_digest"],
            unique=True,
            sqlite_where=sa.text("status <> 'failed'"),
            postgresql_where=sa.text("status <> 'failed'"),
        )

    op.create_table(
        "field_values",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("extraction_id", sa.Integer(), nullable=False),
        sa.Column("name", db.types.SafeText(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("value", db.types.SafeText(), nullable=True),
        sa.Column("text", db.types.SafeText(), nullable=True),
        sa.Column("raw", db.types.SafeText(), nullable=True),
        sa.Column("number_value", db.types.Number(), nullable=True),
        sa.Column("date_value", sa.Date(), nullable=True),
        sa.Column("boolean_value", sa.Boolean(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "status IN ('ok', 'corrected', 'doubtful', 'invalid', 'missing')",
            name=op.f("ck_field_values_status"),
        ),
        sa.ForeignKeyConstraint(
            ["extraction_id"],
            ["extractions.id"],
            name=op.f("fk_field_values_extraction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_values")),
    )
    with op.batch_alter_table("field_values", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_field_values_name_date_value"), ["name", "date_value"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_field_values_name_number_value"), ["name", "number_value"], unique=False
        )
        batch_op.create_index("uq_field_values_place", ["extraction_id", "name", "ordinal"], unique=True)

    op.create_table(
        "problems",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("extraction_id", sa.Integer(), nullable=False),
        sa.Column("code", db.types.SafeText(), nullable=False),
        sa.Column("message", db.types.SafeText(), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("field", db.types.SafeText(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.CheckConstraint("severity IN ('error', 'warning')", name=op.f("ck_problems_severity")),
        sa.ForeignKeyConstraint(
            ["extraction_id"], ["extractions.id"], name=op.f("fk_problems_extraction_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problems")),
    )
    with op.batch_alter_table("problems", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_problems_code"), ["code"], unique=False)
        batch_op.create_index(batch_op.f("ix_problems_extraction_id"), ["extraction_id"], unique=False)

    op.create_table(
        "regions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("extraction_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("class_name", db.types.SafeText(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("polygon", db.types.SafeJSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["extraction_id"], ["extractions.id"], name=op.f("fk_regions_extraction_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
    )
    with op.batch_alter_table("regions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_regions_extraction_id"), ["extraction_id"], unique=False)

    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("quad", db.types.SafeJSON(), nullable=False),
        sa.Column("direction", sa.Integer(), nullable=False),
        sa.Column("raw", db.types.SafeText(), nullable=False),
        sa.Column("text", db.types.SafeText(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("rivals", db.types.SafeJSON(), nullable=False),
        sa.Column("edits", db.types.SafeJSON(), nullable=False),
        sa.Column("model", db.types.SafeText(), nullable=False),
        sa.Column("lattice", sa.LargeBinary(), nullable=False),
        sa.Column("tries", db.types.SafeJSON(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ok', 'corrected', 'doubtful', 'invalid')", name=op.f("ck_readings_status")
        ),
        sa.ForeignKeyConstraint(
            ["region_id"], ["regions.id"], name=op.f("fk_readings_region_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    with op.batch_alter_table("readings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_readings_region_id"), ["region_id"], unique=False)

    op.create_table(
        "field_value_readings",
        sa.Column("field_value_id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["field_value_id"],
            ["field_values.id"],
            name=op.f("fk_field_value_readings_field_value_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reading_id"],
            ["readings.id"],
            name=op.f("fk_field_value_readings_reading_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("field_value_id", "reading_id", name=op.f("pk_field_value_readings")),
    )
    with op.batch_alter_table("field_value_readings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_field_value_readings_reading_id"), ["reading_id"], unique=False)
