# -*- coding: utf-8 -*-
"""Client_22: xls, таблица начинается с третьей строки. Результат - csv для 1С (utf-8 с BOM)."""
import csv
import os
from datetime import datetime

import openpyxl
import pandas as pd
from columns import COLUMNS

REESTR = os.path.join("Reestr", "new_files_registry.csv")
HEADER = os.path.join("report_header", "report_header.xlsx")
RESULT_DIR = "Итоговые отчёты"


def header_columns():
    sheet = openpyxl.load_workbook(HEADER).active
    return [cell.value for cell in sheet[1]]


def find_task(task_id):
    with open(REESTR, encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle, delimiter=";"):
            if row["id"] == task_id and row["status"] in ("NEW", "PROCESSING", "ERROR"):
                return row
    raise SystemExit("нет записи " + task_id)


def main():
    task = find_task(os.environ["TASK_ID"])
    frame = pd.read_excel(task["file_path"], header=2, dtype={"ИНН": str, "Код": str})
    frame = frame.rename(columns=COLUMNS)
    frame = frame[[name for name in COLUMNS.values()]]
    frame["period"] = pd.to_datetime(frame["period"])
    frame["supplier_name"] = "Поставщик 22"
    for name in header_columns():
        if name not in frame:
            frame[name] = ""
    frame["filename_ish"] = task["file_path"]
    base = os.path.splitext(os.path.basename(task["file_path"]))[0]
    stamp = datetime.now().strftime("%Y%m%d_%H%M%S")
    target = os.path.join(RESULT_DIR, f"{task['client_name']}_id{task['id']}_{base}_{stamp}.csv")
    frame[header_columns()].to_csv(target, sep=";", index=False, encoding="utf-8-sig")
    print("[OK]", target)


main()
