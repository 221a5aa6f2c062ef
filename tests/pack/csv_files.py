"""A second reader of CSV files, strict where Python's own is lenient, and a folder that holds a pack's files in memory."""


class NotCsv(ValueError):
    """What RFC 4180 does not allow."""


def records(data: bytes) -> list[list[str]]:
    """The records of an RFC 4180 file: every one ends in CRLF, quotes stand around a whole field or nowhere."""
    text, at, found = data.decode("utf-8"), 0, list[list[str]]()
    while at < len(text):
        record = list[str]()
        while True:
            field, at = _field(text, at)
            record.append(field)
            if text.startswith("\r\n", at):
                at += 2
                break
            if not text.startswith(",", at):
                raise NotCsv(f"neither a comma nor CRLF after a field, at {at}")
            at += 1
        if found and len(record) != len(found[0]):
            raise NotCsv(f"record {len(found) + 1} has {len(record)} fields, the header {len(found[0])}")
        found.append(record)
    return found


def _field(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        end = min((one for one in (text.find(",", at), text.find("\r\n", at)) if one >= 0), default=len(text))
        bare = text[at:end]
        if '"' in bare or "\r" in bare or "\n" in bare:
            raise NotCsv(f"a quote or a line break in a field without quotes, at {at}")
        return bare, end
    made, at = "", at + 1
    while True:
        end = text.find('"', at)
        if end < 0:
            raise NotCsv("a quoted field does not end")
        made += text[at:end]
        if text[end + 1 : end + 2] != '"':
            return made, end + 1
        made, at = made + '"', end + 2
