"""What a commit concerns, for people: a line per component with its weightiest reason; with `explain` every reason and everything left out."""

from collections.abc import Iterator

from interlock.model.affected import AffectedPair, AffectedReport, LeftOut


def affected_text(report: AffectedReport, *, explain: bool = False) -> str:
    """Plain text, ends with a newline; never empty."""
    lines: list[str] = []
    items: list[AffectedPair | LeftOut] = [*report.pairs, *report.left_out]
    width = max((len(item.component) for item in items), default=0)
    environments = dict.fromkeys(item.environment for item in items)
    for environment in environments:
        pairs = [pair for pair in report.pairs if pair.environment == environment]
        left = [item for item in report.left_out if item.environment == environment]
        if pairs or explain:
            lines += [environment, *_pairs(pairs, width, explain), *(_left(left, width) if explain else ()), ""]
    if explain and report.unclaimed:
        lines += ["changed, and read by no component", *(f"  {path}" for path in report.unclaimed), ""]
    return "\n".join([*lines, summary(report)]) + "\n"


def summary(report: AffectedReport) -> str:
    """`2 of 8 affected, 1 of them only if a dependency's outputs change, 1 removal`."""
    total = len(report.pairs) + len(report.left_out)
    conditional = sum(pair.conditional for pair in report.pairs)
    removals = sum(pair.removal for pair in report.pairs)
    text = f"{len(report.pairs)} of {total} affected"
    text += f", {conditional} only if a dependency's outputs change" if conditional else ""
    return text + (f", {removals} to be removed" if removals else "")


def _pairs(pairs: list[AffectedPair], width: int, explain: bool) -> Iterator[str]:
    for pair in pairs:
        mark = "- " if pair.removal else "? " if pair.conditional else "~ "
        more = len(pair.reasons) - 1
        end = f" (and {more} more)" if more and not explain else ""
        yield f"  {mark}{pair.component:<{width}}  {pair.reasons[0].text}{end}"
        if explain:
            yield from (f"    {'':<{width}}  {reason.text}" for reason in pair.reasons[1:])


def _left(left: list[LeftOut], width: int) -> Iterator[str]:
    return (f"    {item.component:<{width}}  left out: {item.reason}" for item in left)
