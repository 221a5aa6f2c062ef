"""The fourteen questions of an auditor, in our words, in the order they come: the clause behind each and the files that help."""

ASKED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "What is in scope: which accounts, units and kinds of identity, and what is left out and why?",
        "4.3",
        ("01_scope.json", "02_population_reconciliation.csv", "24_gaps.csv"),
    ),
    (
        "How is the risk of an identity worked out? Show one from its facts to its tier.",
        "6.1.2, 8.2",
        ("04_risk_register.csv", "policy/"),
    ),
    (
        "Why these controls, and where do they stand in the statement of applicability?",
        "6.1.3",
        ("06_soa_extract.csv", "05_control_map.csv", "33_traceability.csv"),
    ),
    (
        "Who owns this identity, and does the owner know?",
        "5.3, A.5.2, A.5.9",
        ("32_owner_register.csv", "20_notifications.csv", "34_interviews.csv"),
    ),
    (
        "Show the approval of this role, and that it came before the role.",
        "A.5.18, A.8.2",
        ("02_identities_came_and_went.csv",),
    ),
    (
        "Give me all leavers of the period; I pick.",
        "A.6.5, A.5.18",
        ("32_owner_register.csv",),
    ),
    (
        "Show the last two reviews of privileged access, the decisions, and what changed.",
        "A.5.18, A.8.2",
        ("03_identity_inventory.csv",),
    ),
    (
        "Rotation: old and new credential, who, when, until when, and that the old one is dead.",
        "A.5.17, A.8.24",
        ("11_rotation.csv",),
    ),
    (
        "Exceptions: who accepted them, until when, what compensates, is that tested, how do they end?",
        "6.1.3, 8.3",
        ("15_exceptions.csv", "16_compensating_tests.csv", "oscal/poam.json"),
    ),
    (
        "A control failed in the period: what was done?",
        "10.2",
        ("17_findings_capa.csv", "30_result_intervals.csv", "36_mended_failures.csv"),
    ),
    (
        "Can anybody change these records, and who can delete them?",
        "A.5.33, A.5.28, A.5.3, 7.5.3",
        ("VERIFY.md", "integrity/object_lock_status.json", "27_custody_log.csv", "31_governance_changes.csv"),
    ),
    (
        "Are the logs complete and the clocks right?",
        "A.8.15, A.8.17",
        ("02_population_reconciliation.csv",),
    ),
    (
        "Who checks the checker?",
        "9.2, A.5.35, A.8.32",
        (
            "23_scanner_changes.csv",
            "28_operating_effectiveness.csv",
            "38_operation_by_tick.csv",
            "29_runs.csv",
            "24_gaps.csv",
        ),
    ),
    (
        "Does management see this?",
        "9.1, 9.3",
        ("26_metrics.csv",),
    ),
)
