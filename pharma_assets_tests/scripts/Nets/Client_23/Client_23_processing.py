import glob
import os
from datetime import datetime
from pathlib import Path

import pandas as pd

# .../automated_processing/Scripts/Nets/Client_23/Client_23_processing.py
ROOT = Path(__file__).resolve().parents[3]
DESKTOP = Path.home() / "Desktop"

task_id = os.environ["TASK_ID"]
path = os.environ["TASK_FILE"]
print("Клиент", os.environ["TASK_CLIENT"], "тип", os.environ["TASK_REPORT_TYPE"])

rows = []
with open(path, encoding="cp1251") as source:
    next(source)
    for line in source:
        day, shop, product, code, packs = line.rstrip("\n").split("\t")
        if packs in ("", "0"):
            continue
        rows.append({"period": day, "client_name": shop, "tms": product, "tms_id_ish": code, "amount_type_1": packs})

columns = list(pd.read_excel(ROOT / "report_header" / "report_header.xlsx").columns)
table = pd.DataFrame(rows).reindex(columns=columns)
table["скидка"] = "5 %"

folders = glob.glob(str(DESKTOP / "Итоговые отч?ты"))
name = "Client_23_id%s_%s_%s.csv" % (task_id, Path(path).stem, datetime.now().strftime("%Y%m%d_%H%M%S"))
table.to_csv(os.path.join(folders[0], name), sep=";", index=False, encoding="cp1251")
