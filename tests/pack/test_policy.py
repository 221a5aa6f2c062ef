"""policy/ gives the governance of the run shown as it was sealed, and says how far anybody approved it."""

import json
from datetime import date

import msgspec

from prooftrail.evidence.manifest import GovernanceInForce
from prooftrail.governance.policy import FILES, Governance
from prooftrail.governance.thresholds import RiskMethod, Thresholds
from prooftrail.model import canonical
from prooftrail.pack.integrity import policy
from prooftrail.pack.view import PeriodView
from prooftrail.risk.method import model
from tests.builders.judging import a_context
from tests.builders.packs import a_pack_run, a_period

PERSON = "person-0123456789abcdef0123"


def files_of(period: PeriodView) -> dict[str, bytes]:
    return dict(policy.files(period))


def readme(period: PeriodView) -> str:
    return files_of(period)["policy/README.md"].decode()


def under(governance: Governance, **changes: object) -> PeriodView:
    context = msgspec.structs.replace(a_context(), governance=governance)
    return a_period(context=context, **changes)


def test_all_of_it_is_there_byte_for_byte_as_hashed() -> None:
    period = a_period()
    governance = period.context.governance
    found = files_of(period)
    assert canonical.sha256(found["policy/governance.json"]) == governance.digest
    for name in FILES:
        part = found[f"policy/{name.removesuffix('.toml')}.json"]
        assert part == canonical.encode(getattr(governance, name.removesuffix(".toml")))
        assert canonical.sha256(part) in readme(period)


def test_the_control_map_is_the_text_the_run_read() -> None:
    period = a_period()
    assert files_of(period)["policy/control_catalog.toml"].decode() == period.context.catalog


def test_a_run_that_sealed_no_control_map_leaves_none_and_says_why() -> None:
    period = a_period(context=a_context(catalog=""))
    assert "policy/control_catalog.toml" not in files_of(period)
    assert "nothing was judged yet" in readme(period)


def test_the_risk_method_is_the_models_own_data() -> None:
    found = json.loads(files_of(a_period())["policy/risk_method.json"])
    assert found == json.loads(canonical.encode(model()))


def test_other_code_than_judged_the_run_is_named() -> None:
    assert "the same code that judged the run" in readme(a_period())
    assert "judged by other code" in readme(a_period(code_sha256="d" * 64))


def test_a_policy_other_than_the_manifest_states_is_said_aloud() -> None:
    period = a_period()
    assert "THEY DIFFER" in readme(period)
    digest = period.context.governance.digest
    shown = msgspec.structs.replace(period.as_of, governance=GovernanceInForce(sha256=digest))
    assert ": the same." in readme(a_period(as_of=shown))


def test_approvers_are_shown_by_name_where_they_are_known_and_their_files_stay_as_sealed() -> None:
    method = RiskMethod(version="m1", approved_by=PERSON, approved_on=date(2026, 4, 24), effective_on=date(2026, 4, 24))
    governance = Governance(thresholds=Thresholds(version="2026|2", risk_method=method))
    period = under(governance, reveal=lambda text: text.replace(PERSON, "Ada <b>|Byron"))
    text = readme(period)
    assert "Ada \\<b\\>\\|Byron" in text
    assert "2026\\|2" in text
    assert PERSON.encode() in files_of(period)["policy/thresholds.json"]


def test_a_file_that_was_not_given_is_called_a_default_nobody_approved() -> None:
    text = readme(under(Governance(absent=("soa.toml",))))
    assert "| `soa.json` | no: defaults |" in text
    assert "| `scope.json` | yes |" in text
    assert "nobody is named" in text


def test_it_says_since_which_run_the_same_policy_holds() -> None:
    runs = [a_pack_run(day) for day in range(-3, 1)]
    assert f"at least since run `{runs[0].run_id}`" in readme(a_period(runs=tuple(runs)))
    runs[1] = a_pack_run(-2, governance=GovernanceInForce(sha256="8" * 64))
    assert f"holds since run `{runs[2].run_id}`" in readme(a_period(runs=tuple(runs)))


def test_what_was_loosened_is_told_run_by_run() -> None:
    loosened = a_pack_run(0, governance=GovernanceInForce(sha256="9" * 64, loosened=("IDC-15 asks less",), turned=7))
    text = readme(a_period(runs=(a_pack_run(-1), loosened)))
    assert "7 results turned" in text
    assert "- IDC-15 asks less" in text
    assert "No run of the period was made under a looser policy" in readme(a_period())


def test_how_long_evidence_is_kept_is_told_by_kind() -> None:
    found = json.loads(files_of(a_period())["policy/retention.json"])
    assert found["days_from_sealing"]["raw"] == 400
    assert found["days_from_sealing"]["chain"] == 3650


def test_pseudonymised_it_says_what_still_names_people() -> None:
    period = a_period()
    hidden = a_period(options=msgspec.structs.replace(period.options, pseudonymise=True))
    assert "named after somebody still is" in readme(hidden)
    assert "named after somebody still is" not in readme(period)
