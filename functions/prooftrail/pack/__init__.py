"""Pure: what an auditor is handed, made out of views of a locker: tables, report, workbook, machine formats, integrity."""
