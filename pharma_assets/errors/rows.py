"""What holds back one row: a cell that cannot be stored as what its column is."""

from __future__ import annotations

from pharma_assets.errors.problem import Message, Problem, Scope

PROBLEMS = (
    Problem(
        "VALUE_MISSING",
        Scope.ROW,
        en=Message(
            "the value is blank, and the layout requires it",
            "Ask the supplier to fill the cell, or take `filled: true` off the column in layout.yaml.",
        ),
        ru=Message(
            "ячейка пустая, а раскладка требует значения",
            "Попросите поставщика заполнить ячейку или уберите у колонки `filled: true` в layout.yaml.",
        ),
    ),
    Problem(
        "VALUE_AMOUNT",
        Scope.ROW,
        en=Message(
            "not a number, or not clear which",
            "Ask the supplier to correct the cell. Where 1,234 may be thousands or a fraction, say which in "
            "layout.yaml: `decimal: comma` or `decimal: dot` in the column's rule.",
        ),
        ru=Message(
            "не число или непонятно какое",
            "Попросите поставщика исправить ячейку. Если 1,234 – то ли тысячи, то ли дробь, укажите в layout.yaml, что "
            "именно: `decimal: comma` или `decimal: dot` в правиле колонки.",
        ),
    ),
    Problem(
        "VALUE_OUT_OF_RANGE",
        Scope.ROW,
        en=Message(
            "does not fit into {type} without loss",
            "Ask the supplier to correct the cell: nothing is rounded or cut off here.",
        ),
        ru=Message(
            "не помещается в {type} без потерь",
            "Попросите поставщика исправить ячейку: здесь ничего не округляется и не обрезается.",
        ),
    ),
    Problem(
        "VALUE_DATE",
        Scope.ROW,
        en=Message(
            "not a plausible date in any style that is read",
            "Ask the supplier to correct the cell, or to write dates as dd.mm.yyyy.",
        ),
        ru=Message(
            "не похоже на дату ни в одном из понятных видов",
            "Попросите поставщика исправить ячейку или писать даты как дд.мм.гггг.",
        ),
    ),
    Problem(
        "VALUE_TOO_LONG",
        Scope.ROW,
        en=Message("{length} characters; at most {limit} are stored", "Ask the supplier to shorten the text."),
        ru=Message("знаков: {length}; хранится не больше {limit}", "Попросите поставщика сократить текст."),
    ),
    Problem(
        "VALUE_UNPRINTABLE",
        Scope.ROW,
        en=Message(
            "the text holds a NUL character, shown as ␀",
            "Ask the supplier to type the cell's text anew.",
        ),
        ru=Message(
            "в тексте есть символ NUL, показан как ␀",
            "Попросите поставщика набрать текст ячейки заново.",
        ),
    ),
    Problem(
        "FORMULA_NO_VALUE",
        Scope.ROW,
        en=Message(
            "the cell holds a formula whose value was not saved",
            "Ask the supplier to open the file in Excel, save it, and send it again.",
        ),
        ru=Message(
            "в ячейке формула, а её значение в файле не сохранено",
            "Попросите поставщика открыть файл в Excel, сохранить и прислать снова.",
        ),
    ),
    Problem(
        "CELL_ERROR",
        Scope.ROW,
        en=Message(
            "the cell holds an Excel error",
            "Ask the supplier to correct the formula; #### is a column that was too narrow when it was exported.",
        ),
        ru=Message(
            "в ячейке ошибка Excel",
            "Попросите поставщика исправить формулу; #### – колонка была слишком узкой при выгрузке.",
        ),
    ),
    Problem(
        "PRECISION_LOST",
        Scope.ROW,
        en=Message(
            "a long number has lost its last digits in Excel",
            "Ask the supplier to store the column as text.",
        ),
        ru=Message(
            "длинное число потеряло в Excel последние цифры",
            "Попросите поставщика хранить колонку как текст.",
        ),
    ),
    Problem(
        "ROW_RAGGED",
        Scope.ROW,
        en=Message(
            "{seen} fields where the header has {expected}",
            "Ask the supplier to quote fields that contain the delimiter.",
        ),
        ru=Message(
            "полей в строке: {seen}, а в заголовке: {expected}",
            "Попросите поставщика брать в кавычки поля, в которых есть разделитель.",
        ),
    ),
)
