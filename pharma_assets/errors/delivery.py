"""How a file stands to the others of its client-month: what holds it back, and what is said of one that is replaced."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "DELIVERY_UNKNOWN",
        Scope.FILE,
        en=Message(
            "the name {name} fits {fitting} of the layout's modes of delivery ({patterns}), and must fit one",
            "Correct `delivery` in layout.yaml, or ask the supplier for the agreed name.",
        ),
        ru=Message(
            "имени {name} подходит режимов поставки в раскладке: {fitting} ({patterns}), а должен подходить один",
            "Исправьте `delivery` в layout.yaml или попросите поставщика назвать файл, как договорились.",
        ),
    ),
    Problem(
        "PERIOD_OVERLAP",
        Scope.FILE,
        en=Message(
            "covers what file {ids} covers too ({path}): {where}; of that {rows} rows here ({sums}), {other_rows} "
            "there ({other_sums})",
            "Compare the two. If both count, run `pharma-assets release` with this file's id; if only this one does, "
            "`pharma-assets ignore` with the other's, and it is taken up by itself; if only the other, `ignore` this "
            "one. If it is always so, see `overlap` and `delivery` in the layout.",
        ),
        ru=Message(
            "покрывает то же, что и файл {ids} ({path}): {where}; из этого строк здесь: {rows} ({sums}), там: "
            "{other_rows} ({other_sums})",
            "Сравните их. Если нужны оба, выполните `pharma-assets release` с id этого файла; если только этот – "
            "`pharma-assets ignore` с id другого, и этот будет взят сам; если только другой – `ignore` с id этого. "
            "Если так бывает всегда, см. `overlap` и `delivery` в раскладке.",
        ),
    ),
    Problem(
        "PERIOD_SHRUNK",
        Scope.FILE,
        en=Message(
            "would replace file {ids} and lacks of it: {lacking}; {rows} rows in place of {other_rows}",
            "Ask the supplier for the whole report. If it is right as it is, run `pharma-assets release` with this "
            "file's id.",
        ),
        ru=Message(
            "должен заменить файл {ids}, но в нём не хватает: {lacking}; строк {rows} вместо {other_rows}",
            "Попросите у поставщика полный отчёт. Если всё верно, выполните `pharma-assets release` с id этого файла.",
        ),
    ),
    Problem(
        "SUPERSEDED",
        Scope.REMARK,
        en=Message(
            "read and not loaded: file {id} counts in its place ({path})",
            "Nothing to do. To have this file count, `pharma-assets ignore` the other: this one is taken up by itself.",
        ),
        ru=Message(
            "прочитан и не загружен: вместо него в счёт идёт файл {id} ({path})",
            "Ничего делать не нужно. Чтобы в счёт шёл этот файл, отложите другой (`pharma-assets ignore`): этот будет "
            "взят сам.",
        ),
    ),
    Problem(
        "SUPERSEDED_IN_PART",
        Scope.REMARK,
        en=Message(
            "{rows} of its rows do not count, those of file {ids} do in their place: {where}",
            "Nothing to do. To have all of its rows count, `pharma-assets ignore` the other: they are loaded again.",
        ),
        ru=Message(
            "строк не в счёт: {rows}, вместо них – строки файла {ids}: {where}",
            "Ничего делать не нужно. Чтобы в счёт шли все строки, отложите другой файл (`pharma-assets ignore`): они "
            "загрузятся снова.",
        ),
    ),
)
