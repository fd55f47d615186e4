"""What a user asks to run, the same in an estimate, a selection and a deployment.

The ranges here are what any model could mean; whether the model exists, supports the context and has that
quantisation is pricing's to say.
"""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from contracts.http.architecture import ArchitectureSchema
from contracts.http.gpu import GpuRequest
from contracts.http.numbers import RealNumber, UsdAmount, WholeNumber
from contracts.http.patterns import WholeText
from contracts.http.replicas import ReplicasSchema, one_machine
from contracts.vocabulary import Cloud, KvType, Quantisation, RankBy, SpotPolicy

MIN_CONTEXT = 256
MAX_CONTEXT = 10_485_760
MAX_PARALLEL = 64
MAX_EGRESS_GIB = 1_000_000
# No other registry: a host would have a dot, a colon or an upper-case letter where a namespace has none.
_TAG = WholeText(
    r"(?!.*\.\.)(?:hf\.co(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,95}){2}:[A-Za-z0-9._-]{1,64}"
    r"|(?:[a-z0-9][a-z0-9_-]{0,63}/)?[a-z0-9][a-z0-9._-]{0,63}(?::[A-Za-z0-9._-]{1,64})?)",
    error="Must be a tag of the Ollama library such as llama3.1:8b, a user's there such as somebody/model:tag, "
    "or hf.co/owner/repo:QUANT. No other registry is allowed.",
)
_REGION = WholeText(r"[a-z]{2,12}(?:-[a-z0-9]{1,16}){1,3}", error="Must be a region such as us-east-1.")
_MACHINE = WholeText(
    r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)+(?:\+[1-8]x[A-Z0-9]+)?",
    error="Must be a machine type such as g5.xlarge or g2-standard-4.",
)
_SHORT = validate.Length(1, 128, error="Must have 1 to 128 characters.")


class WorkloadSchema(Schema):
    """The workload fields. Every one but the model may be left out or null."""

    class Meta:
        unknown = RAISE

    model = fields.String(required=True, validate=[_SHORT, _TAG])
    # Only for a model that the catalogue does not know.
    architecture = fields.Nested(ArchitectureSchema, load_default=None, allow_none=True)
    # None means 8,192 tokens, or the model's maximum where that is less.
    context_size = WholeNumber(MIN_CONTEXT, MAX_CONTEXT, load_default=None, allow_none=True)
    parallel = WholeNumber(1, MAX_PARALLEL, load_default=1)
    # None means the quantisation of the tag itself.
    quantisation = fields.Enum(Quantisation, by_value=True, load_default=None, allow_none=True)
    kv_type = fields.Enum(KvType, by_value=True, load_default=KvType.F16)
    spot = fields.Enum(SpotPolicy, by_value=True, load_default=SpotPolicy.PREFER)
    gpu = GpuRequest(load_default=None, allow_none=True)
    # Of the memory that holds the model: all GPUs together, or RAM on a machine without.
    min_memory_gib = RealNumber(0, 4096, load_default=None, allow_none=True)
    # None means the default for the model's size; 0 accepts any speed.
    min_tokens_per_s = RealNumber(0, 10_000, load_default=None, allow_none=True)
    cloud = fields.Enum(Cloud, by_value=True, load_default=None, allow_none=True)
    region = fields.String(load_default=None, allow_none=True, validate=[_SHORT, _REGION])
    machine = fields.String(load_default=None, allow_none=True, validate=[_SHORT, _MACHINE])
    rank_by = fields.Enum(RankBy, by_value=True, load_default=RankBy.HOUR)
    # Of all machines together, to the internet, in a month of 730 hours; text is small, so that ten are plenty for one stream.
    egress_gib_month = WholeNumber(0, MAX_EGRESS_GIB, load_default=10)
    # More than one machine takes an exposure of load_balanced; every other wish here is about each of them.
    replicas: fields.Field[Any] = fields.Nested(ReplicasSchema, load_default=one_machine)
    # Of the whole deployment with as many machines as it can have.
    max_hourly_usd = UsdAmount(10_000, load_default=None, allow_none=True)
