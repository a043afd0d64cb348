"""What a line is read under for a field, which of the answers counts, and what that makes of the reading."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from segocr.codeversion import deciding_code
from segocr.constraints import Constraint, Decoded, judge
from segocr.constraints.deciding import decide_each
from segocr.constraints.lattice import Lattice
from segocr.constraints.search import RIVAL_WINDOW
from segocr.deciding.doubts import doubt_of
from segocr.deciding.wordsearch import worded
from segocr.readings import Reading, ReadingStatus
from segocr.templates import FieldSpec
from segocr.validators.normalise import normalised

PREFERENCE = 3.0
"""Natural logarithm of how much more usual a preferred pattern's text is. Of 274 plates of train, cut as
labelled and moved a little, 241, 243, 242, 244, 245 and 241 are read right with 2, 2.5, 3, 3.5, 4 and 5, and
230 with none."""


def asked(spec: FieldSpec) -> tuple[Constraint | None, ...]:
    """Return what a line is read under for a field."""
    return (spec.constraint,) if spec.preferred is None else (spec.constraint, spec.preferred)


def decided(lattice: bytes, constraints: Sequence[Constraint | None]) -> tuple[Decoded, ...]:
    """Return what a strip that was read before says under constraints: what its host would answer.

    Args:
        lattice: Kept of the reading.
        constraints: Such as ``asked`` returns.

    Raises:
        ConstraintError: The lattice is missing, damaged or of another version.
    """
    whole = Lattice.expand(lattice)
    return tuple(Decoded.from_wire(decoded.to_wire()) for decoded in decide_each(whole, constraints))


def answered(spec: FieldSpec, answers: Iterator[Decoded], lattice: bytes) -> Decoded:
    """Take as many answers as were asked for a field, and choose between them.

    Args:
        spec: The field.
        answers: From here on those of one strip.
        lattice: The strip's.
    """
    own = next(answers)
    if spec.wording is not None:
        own = worded(own, lattice, spec.wording)
    own = of_value(own, spec)
    return own if spec.preferred is None else prefer(own, of_value(next(answers), spec), spec)


def of_value(decoded: Decoded, spec: FieldSpec) -> Decoded:
    """Judge a reading by its rivals of another value: ``AB-12`` is no doubt of ``AB12`` if hyphens go anyway.

    Args:
        decoded: Of one strip.
        spec: Whose normalisers make the value.
    """
    if decoded.text is None or not decoded.rivals or not spec.normalise:
        return decoded
    own = _value(decoded.text, spec)
    weights = [(_value(text, spec) == own, total - decoded.log_prob) for text, total in decoded.rivals]
    agreeing = 1.0 + sum(math.exp(weight) for same, weight in weights if same)
    against = [weight for same, weight in weights if not same]
    margin = math.log(agreeing) - max(against) if against else RIVAL_WINDOW
    return replace(
        decoded,
        posterior=agreeing / (agreeing + sum(map(math.exp, against))),
        margin=min(RIVAL_WINDOW, max(0.0, margin)),
    )


def _value(text: str, spec: FieldSpec) -> str:
    return normalised(text, list(spec.normalise))


def prefer(general: Decoded, usual: Decoded, spec: FieldSpec) -> Decoded:
    """Take the most probable usual text, unless the most probable text of all is much more probable.

    ``PREFERENCE`` is the prior of usual texts as a log-odds; the confidence is the posterior under it.

    Args:
        general: Read under the field's own constraint.
        usual: Read under that and its preferred patterns.
        spec: Whose normalisers make the value.
    """
    if general.text is None or usual.text is None or usual.log_prob + PREFERENCE <= general.log_prob:
        return general
    if _value(usual.text, spec) == _value(general.text, spec):
        return general
    odds = math.exp(min(50.0, usual.log_prob + PREFERENCE - general.log_prob))
    return replace(usual, posterior=usual.posterior * odds / (1 + odds))


def with_decision(reading: Reading, spec: FieldSpec, decoded: Decoded) -> Reading:
    """Return a reading with what was decided of its lattice for a field."""
    made = replace(
        reading,
        raw=decoded.raw,
        text=decoded.text,
        status=ReadingStatus(judge(decoded)),
        confidence=decoded.confidence,
        cost=decoded.cost,
        margin=decoded.margin,
        rivals=decoded.rivals,
        edits=decoded.edits,
        field=spec.name,
        decided_by=decided_by(spec),
    )
    return replace(made, status=ReadingStatus.DOUBTFUL) if doubt_of(made, spec) else made


def decided_by(spec: FieldSpec) -> str:
    """Return the SHA-256 of all that makes a reading of a lattice for a field, 64 hexadecimal digits."""
    digest = hashlib.sha256(deciding_code().encode())
    for constraint in asked(spec):
        digest.update(f"\0{'' if constraint is None else constraint.digest}".encode())
    wording = "" if spec.wording is None else spec.wording.digest
    digest.update(f"\0{spec.type}\0{spec.locale}\0{spec.normalise!r}\0{wording}".encode())
    return digest.hexdigest()
