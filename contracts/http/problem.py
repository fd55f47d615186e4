"""RFC 9457 problem documents: the body of every answer that is not 2xx."""

from marshmallow import EXCLUDE, Schema, fields

MEDIA_TYPE = "application/problem+json"


class FieldProblemSchema(Schema):
    """One field that was refused, and why. `field` is a dotted path into the body or query."""

    field = fields.String(required=True)
    message = fields.String(required=True)


class ProblemSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    type = fields.String(
        required=True, metadata={"description": "Stable URI reference of the kind of problem."}
    )
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(metadata={"description": "What went wrong this time, and what to do."})
    instance = fields.String(metadata={"description": "The path that was called."})
    correlation_id = fields.String(metadata={"description": "Quote it when you ask for help."})
    errors = fields.List(fields.Nested(FieldProblemSchema))
