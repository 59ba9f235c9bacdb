# Соответствие колонок Client_22; лежит отдельно, чтобы его правили аналитики.
COLUMNS = {
    "Филиал": "supplier_filial",
    "Покупатель": "client_inlaw",
    "ИНН": "client_inn",
    "Препарат": "tms",
    "Код": "tms_id_ish",
    "Отгрузка": "period",
    "Упаковки": "amount_type_2",
}
