"""Amazon's processing reports on batches of the practice store and of the examples."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.operations.planning.feed_builder import first_message_id, flat_file_records
from ordertui.operations.planning.plan import Plan, PlannedOrder

Fault = tuple[int, str, str, str]
"""Row of the batch (from 0) or WHOLE_FILE, code, Error or Warning, text."""
WHOLE_FILE = -1


def flat_report(kept: Sequence[PlannedOrder], faults: Sequence[Fault], encoding: str = "utf-8") -> bytes:
    """Return Amazon's flat processing report on these rows."""
    records = flat_file_records(kept)
    failed = sum(len(kept[n].lines) for n, _, kind, _ in faults if kind == "Error" and n != WHOLE_FILE)
    lines = ["Feed Processing Summary:", f"\tNumber of records processed\t\t{len(records)}",
             f"\tNumber of records successful\t\t{len(records) - failed}", "",
             "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message"]  # fmt: skip
    for n, code, kind, words in faults:
        if n == WHOLE_FILE:
            lines.append(f"0\t\t\t{code}\t{kind}\t{words}")
            continue
        for line in kept[n].lines:
            record = records.index((kept[n].order_id, line.order_item_id)) + 1
            lines.append(f"{record}\t{kept[n].order_id}\t{line.order_item_id}\t{code}\t{kind}\t{words}")
    return ("\n".join(lines) + "\n").encode(encoding)


def xml_report(plan: Plan, kept: Sequence[PlannedOrder], faults: Sequence[Fault]) -> bytes:
    """Return the same as an XML processing report; messages are numbered as in the plan's XML feed."""
    errors = sum(kind == "Error" for _, _, kind, _ in faults)
    results = "".join(
        f"      <Result>\n        <MessageID>{first_message_id(plan.id) + n}</MessageID>\n       "
        f" <ResultCode>{kind}</ResultCode>\n"
        f"        <ResultMessageCode>{code}</ResultMessageCode>\n       "
        f" <ResultDescription>{words}</ResultDescription>\n"
        f"        <AdditionalInfo>\n          <AmazonOrderID>{kept[n].order_id}</AmazonOrderID>\n       "
        " </AdditionalInfo>\n      </Result>\n"
        for n, code, kind, words in faults
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AmazonEnvelope>\n  <Header>\n'
        "    <DocumentVersion>1.02</DocumentVersion>\n"
        "    <MerchantIdentifier>MERCHANT-ID</MerchantIdentifier>\n  </Header>\n "
        " <MessageType>ProcessingReport</MessageType>\n"
        "  <Message>\n    <MessageID>1</MessageID>\n    <ProcessingReport>\n     "
        f" <DocumentTransactionID>{int(plan.id, 16) % 10**10:010}</DocumentTransactionID>\n"
        "      <StatusCode>Complete</StatusCode>\n      <ProcessingSummary>\n       "
        f" <MessagesProcessed>{len(kept)}</MessagesProcessed>\n"
        f"        <MessagesSuccessful>{len(kept) - errors}</MessagesSuccessful>\n       "
        f" <MessagesWithError>{errors}</MessagesWithError>\n"
        f"        <MessagesWithWarning>{len(faults) - errors}</MessagesWithWarning>\n      </ProcessingSummary>\n"
        f"{results}    </ProcessingReport>\n  </Message>\n</AmazonEnvelope>\n"
    ).encode()
