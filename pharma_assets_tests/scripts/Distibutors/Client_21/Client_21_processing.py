# -*- coding: utf-8 -*-
# Client_21: выгрузка xlsx или csv, колонки дата / товар / инн / кол-во / сумма.
# Старый скрипт, писался под Windows: все пути прописаны жёстко.
import os
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd

REGISTRY = r"C:\Users\user\Desktop\Python_scripts\automated_processing\Reestr\new_files_registry.csv"
HEADER = r"C:\Users\user\Desktop\Python_scripts\automated_processing\report_header\report_header.xlsx"
OUT = Path(r"C:\Users\user\Desktop\Итоговые отчеты")

task_id = int(os.environ["TASK_ID"])
tasks = pd.read_csv(REGISTRY, sep=";", encoding="utf-8-sig")
task = tasks[tasks["id"] == task_id].iloc[0]
if task["report_type"] != "Type1":
    print("Пропуск: тип отчёта", task["report_type"], "этот скрипт не обрабатывает")
    sys.exit(0)

source = Path(task["file_path"])
print("Читаю", source.name)
if source.suffix.lower() == ".csv":
    df = pd.read_csv(source, sep=";", encoding="cp1251", dtype=str)
else:
    df = pd.read_excel(source, dtype=str)
df.columns = [str(c).strip().lower() for c in df.columns]
df = df[df["кол-во"].astype(float) != 0]

out = pd.DataFrame()
out["period"] = pd.to_datetime(df["дата"], dayfirst=True).dt.strftime("%d.%m.%Y")
out["tms"] = df["товар"]
out["client_inn"] = df["инн"]
out["amount_type_1"] = df["кол-во"].astype(float)
out["sum_nds"] = df["сумма"].astype(float)
out["sum_no_nds"] = out["sum_nds"] / 1.1
out["filename_ish"] = task["file_path"]
out["report_provider_name"] = task["client_name"]
out["Report_Provaider"] = task["data_provider"]
for column in pd.read_excel(HEADER).columns:
    if column not in out.columns:
        out[column] = None
out = out[list(pd.read_excel(HEADER).columns)]

OUT.mkdir(parents=True, exist_ok=True)
name = f"Client_21_id{task_id}_{source.stem}_{datetime.now():%Y%m%d_%H%M%S}.xlsx"
out.to_excel(OUT / name, index=False)
print("Готово, строк:", len(out))
