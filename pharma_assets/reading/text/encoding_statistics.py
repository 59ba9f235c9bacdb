"""How Russian reports look letter by letter: what is the odds of one character after another.

The odds are learned from a text written for it here, once, when a file first needs them. `log_odds` gives them for all
pairs of bytes of a single-byte encoding. Choosing among encodings is done in `encodings`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float32]

_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
# How often each letter occurs in Russian, in hundredths of a per cent (ё counts as е).
_FREQUENCIES = (
    801, 159, 454, 170, 298, 849, 94, 165, 735, 121, 349, 440, 321, 670, 1097, 281,
    473, 547, 626, 262, 26, 97, 48, 144, 73, 36, 4, 190, 174, 32, 64, 201,
)  # fmt: skip


class _Kind(IntEnum):
    LOWER = 0
    UPPER = 1
    BETWEEN = 2
    """White space, delimiters and the straight double quote."""
    DIGIT = 3
    LATIN = 4
    ASCII = 5
    NUMERO = 6
    OPENING = 7
    CLOSING = 8
    DASH = 9
    NO_BREAK = 10
    SIGN = 11
    NEIGHBOUR_LOWER = 12
    """Letters of Ukrainian and Belarusian."""
    NEIGHBOUR_UPPER = 13
    LINE = 14
    """Box drawing of old printouts."""
    STRANGE = 15
    CONTROL = 16
    UNDEFINED = 17
    RARE_QUOTE = 18


_MEMBERS: dict[_Kind, str] = {
    _Kind.LOWER: _LETTERS + "ё",
    _Kind.UPPER: _LETTERS.upper() + "Ё",
    _Kind.BETWEEN: ' \t\r\n;,|"',
    _Kind.DIGIT: "0123456789",
    _Kind.NUMERO: "№",
    _Kind.OPENING: "«",
    _Kind.CLOSING: "»",
    _Kind.RARE_QUOTE: "“”„‘’‚",
    _Kind.DASH: "–—",
    _Kind.NO_BREAK: "\xa0",
    _Kind.SIGN: "°®™…•§±µ×©·",
    _Kind.NEIGHBOUR_LOWER: "іїєґў",
    _Kind.NEIGHBOUR_UPPER: "ІЇЄҐЎ",
    _Kind.LINE: "─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬",
}
# What a character is before anything is known of its neighbour, in 10,000; lets what the text lacks be possible.
_PRIORS: dict[_Kind, float] = {
    _Kind.LOWER: 4500,
    _Kind.UPPER: 1500,
    _Kind.BETWEEN: 1500,
    _Kind.DIGIT: 1500,
    _Kind.LATIN: 500,
    _Kind.ASCII: 500,
    _Kind.NUMERO: 20,
    _Kind.OPENING: 20,
    _Kind.CLOSING: 20,
    _Kind.DASH: 20,
    _Kind.RARE_QUOTE: 3,
    _Kind.NO_BREAK: 20,
    _Kind.SIGN: 10,
    _Kind.NEIGHBOUR_LOWER: 10,
    _Kind.NEIGHBOUR_UPPER: 5,
    _Kind.LINE: 1,
    _Kind.STRANGE: 0.5,
    _Kind.CONTROL: 0.05,
    _Kind.UNDEFINED: 0.05,
}
_STRANGE_MEMBERS = 40
_DAMAGE = -14.0
"""Log odds of a byte that means nothing in its encoding, among others that do."""

_PRIOR_PAIRS = 0.3

_TEXT = """
Отчёт о продажах товаров по клиентам за июнь 2025 года, остатки на складах на конец месяца.
Наименование;Производитель;Количество;Цена;Сумма без НДС;Сумма с НДС;Срок годности;Серия;Грузополучатель
Номер накладной;Дата отгрузки;Контрагент;Юридическое лицо;Адрес доставки;Фактический адрес;Область;Район;Регион
ИНН;КПП;Код клиента;Код товара;Код точки;Штрихкод;Филиал;Подразделение;Склад;Поставщик;Дистрибьютор;Упаковка
Торговая точка;Аптека;Аптечная сеть;Менеджер;Канал сбыта;Признак;Тендер;Госпиталь;Розница;Примечание;Итого;Всего
Страна происхождения;Ставка налога;Единица измерения;Остаток на начало;Приход;Расход;Возврат;Списание;Перемещение
Парацетамол таблетки 500 мг №20;Ибупрофен капсулы 200 мг N10;Амоксициллин порошок для суспензии 250 мг/5 мл 100 мл
Раствор для инъекций ампулы 2 мл № 10;мазь для наружного применения 15 г туба;сироп детский флакон 150 мл
Капли глазные 10 мл;спрей назальный дозированный;суппозитории ректальные №5;гель 1% 30 г;крем 50 г;пастилки №24
Таблетки покрытые плёночной оболочкой 10 мг №30;таблетки шипучие;драже;гранулы в пакетиках;лиофилизат для приготовления
Кислота ацетилсалициловая 0,5;Левомицетин;Цитрамон П;Валерианы экстракт;Настойка пустырника;Уголь активированный
Омепразол;Панкреатин;Дротаверин;Лоратадин;Цетиризин;Нимесулид;Диклофенак;Кетопрофен;Мелоксикам;Аторвастатин
Эналаприл;Лозартан;Бисопролол;Амлодипин;Метформин;Глибенкламид;Инсулин;Гепарин;Варфарин;Клопидогрел;Азитромицин
Цефтриаксон;Ципрофлоксацин;Флуконазол;Ацикловир;Ремантадин;Арбидол;Витамины группы В;Аскорбиновая кислота с глюкозой
Хлоргексидин;Мирамистин;Перекись водорода;Йод;Бриллиантовый зелёный;Бинт стерильный 5х10;Вата хирургическая;Шприц
Ромашки цветки;шалфея листья;зверобоя трава;мяты перечной масло;облепиховое масло;детский крем;зубная паста
ООО «Здоровье»;АО "Фармация";ЗАО «Медтехника»;ИП Иванов Сергей Петрович;ГУП «Областной аптечный склад»;ПАО «Аптеки»
ИП Кузнецова Е.В.;ИП Смирнов А. Н.;ООО "Аптека № 7";МУП «Центральная районная аптека №12»;ОАО «Фармстандарт»
ГБУЗ «Городская клиническая больница № 3»;ФГБУ «Научный центр кардиологии»;БУЗ «Поликлиника»;Частное учреждение
Общество с ограниченной ответственностью «Торговый дом Здрава»;Индивидуальный предприниматель Васильева Ольга
Государственное бюджетное учреждение здравоохранения;Муниципальное унитарное предприятие;Закрытое акционерное общество
г. Москва, ул. Ленина, д. 15, корп. 2, помещ. 3;Московская обл., г. Подольск, пр-т Юных Ленинцев, 40
Санкт-Петербург, Невский проспект, дом 128, лит. А;Ленинградская область, Всеволожский район, посёлок Мурино
г. Екатеринбург, ул. Малышева 84;Свердловская обл;Челябинск, Комсомольский пр., 33а;Пермский край, г. Березники
Казань, ул. Декабристов, 106;Республика Татарстан, Набережные Челны;Уфа, Башкортостан;Самарская область, Тольятти
Нижний Новгород, Сормовское шоссе;Ростов-на-Дону, Будённовский;Краснодарский край, станица Динская, ул. Красная, 5
Новосибирск, Красный проспект;Алтайский край, Барнаул;Кемерово;Томск;Омск, ул. Фрунзе, 80;Красноярск;Иркутск
Хабаровск;Владивосток, Приморский край;Якутск, Саха (Якутия);Воронеж, ул. Хользунова;Белгород;Курск;Липецк;Тула
Рязань;Калуга;Смоленск;Брянск;Орёл;Тамбов;Пенза;Саратов;Волгоград;Астрахань;Ставрополь;Махачкала;Грозный;Нальчик
Ярославль, Кострома, Иваново, Владимир, Тверь, Вологда, Архангельск, Мурманск, Петрозаводск, Псков, Великий Новгород
Тюменская обл, Ханты-Мансийский автономный округ – Югра, Сургут, Нижневартовск;Курган;Оренбург;Ижевск;Киров;Чебоксары
ул. Советская 12;ул. Мира 7;ул. Гагарина;ул. Пушкина, стр. 1;переулок Садовый;бульвар Победы;площадь Революции
микрорайон Северный;набережная;шоссе Энтузиастов;деревня Малые Вязёмы;село Знаменское;пгт Излучинск;тупик;проезд
улица Карла Маркса, улица Чехова, улица Кирова, улица Октябрьская, улица Первомайская, улица Заводская, улица Лесная
Продано со склада оптом и в розницу по безналичному расчёту; отгружено покупателю по накладной от 03.06.2025
Аптека – склад;2023–2025;пн – пт;Москва – Тверь;10–20 шт.;склад № 2 – центральный;Север – 3 – Юг;ООО – 5;за 1–15 июня
Да;нет;да;Нет;шт;шт.;уп;уп.;руб.;кг;флакон;ампула;пачка;коробка;без НДС;с НДС;янв;фев;мар;апр;май;июн;июл;авг
Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь января февраля июля сентября
понедельник вторник среда четверг пятница суббота воскресенье; первый второй третий квартал, полугодие, за год
Центральный федеральный округ;Северо-Западный;Приволжский;Уральский;Сибирский;Дальневосточный;Южный;Крым
Закупочная цена, отпускная цена, наценка, скидка, бонус, акция, договор поставки № 15/2024-Ф, счёт-фактура, платёж
Условия хранения: в сухом, защищённом от света месте при температуре не выше 25 °C; беречь от детей
Электронный документ подписан усиленной квалифицированной подписью; файл сформирован автоматически; страница 1 из 3
Уважаемые коллеги, направляем отчёт за прошедший месяц; просим подтвердить получение; с уважением, отдел продаж
Генеральный директор;главный бухгалтер;подпись;исполнитель;ответственный;заведующая аптекой;провизор;фармацевт
Объём продаж вырос, съёмка, подъезд 4, этаж 2, вход со двора, угол улиц, напротив рынка, рядом с остановкой
Цена за упаковку 1 234,56 руб.;12 345,00;-5;0,00;15%;№1;№ 2;"№3";N 4;№ 56/7;№ 8-А;арт.№123
Германия;Франция;Индия;Венгрия;Польша;Словения;Швейцария;Россия;Беларусь;Китай;Турция;Италия;Япония;Чешская Республика
Bayer;Teva;Gedeon Richter;КРКА;Сандоз;Вертекс;Озон;Синтез;Биохимик;Татхимфармпрепараты;Мосхимфармпрепараты;Доктор Реддис
Нурофен® форте;Эспумизан®;Kagocel®;Гексорал® аэрозоль;Bayer™;Магне B6® форте;38 °С;20°C;100 мкг + 50 мкг;5 мл×10
Хумалог КвикПен;Аэртал;Эссенциале форте Н;Фуцис;Цинк;Щелковский витаминный завод;Юнидокс Солютаб;Эутирокс;Жанин
""".strip("\n")


@cache
def _words() -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]{2,}", _TEXT.lower()))


def is_word(word: str) -> bool:
    """Whether a word in lower case is one of those that reports are full of."""
    return word in _words()


@cache
def _kinds() -> dict[str, _Kind]:
    return {character: kind for kind, members in _MEMBERS.items() for character in members}


def _kind(character: str) -> _Kind:
    if (kind := _kinds().get(character)) is not None:
        return kind
    if character == "\ufffd":
        return _Kind.UNDEFINED
    if character < "\x20" or "\x7f" <= character < "\xa0":
        return _Kind.CONTROL
    if character < "\x7f":
        return _Kind.LATIN if character.isalpha() else _Kind.ASCII
    return _Kind.STRANGE


def _letter(character: str) -> int:
    """The number of a Russian letter, whatever its case; 32 for anything else."""
    place = _LETTERS.find(character.lower().replace("ё", "е"))
    return place if place >= 0 else len(_LETTERS)


@cache
def _kind_odds() -> Table:
    """The logarithm of the odds of a kind after a kind."""
    total = sum(_PRIORS.values())
    counts = np.tile([_PRIOR_PAIRS * _PRIORS[kind] / total for kind in _Kind], (len(_Kind), 1))
    variants = (
        (_TEXT, 1.0),
        (_TEXT.upper(), 0.5),
        (_TEXT.lower(), 0.1),
        (_TEXT.replace(" №", "\xa0№").replace(" г. ", " г.\xa0").replace("1 234", "1\xa0234"), 0.1),
    )
    for text, weight in variants:
        kinds = np.fromiter(map(_kind, text), np.intp, len(text))
        np.add.at(counts, (kinds[:-1], kinds[1:]), weight)
    counts[_Kind.LINE, _Kind.LINE] += 2 * counts[_Kind.LINE].sum()
    odds: Table = np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return odds


@cache
def _letter_odds() -> Table:
    """The logarithm of the odds of a letter after a letter; the last row is for the first letter of a word."""
    places = np.fromiter(map(_letter, _TEXT), np.intp, len(_TEXT))
    counts = np.zeros((33, 33))
    np.add.at(counts, (places[:-1], places[1:]), 1.0)
    usual = np.asarray(_FREQUENCIES) / sum(_FREQUENCIES)
    counts = counts[:, :32] + 8 * usual
    odds: Table = np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return odds


@cache
def log_odds(encoding: str) -> Table:
    """256 × 256: the logarithm of the odds that the second byte follows the first in a Russian report."""
    characters = [bytes([byte]).decode(encoding, "replace") for byte in range(256)]
    kinds = np.array([_kind(character) for character in characters], np.intp)
    letters = np.array([_letter(character) for character in characters], np.intp)
    members = np.array([_choices(kind) for kind in kinds.tolist()])
    odds = _kind_odds()[kinds[:, None], kinds[None, :]]
    is_letter = letters < len(_LETTERS)
    within = np.broadcast_to(-np.log(members)[None, :], (256, 256)).copy()
    within[:, is_letter] = _letter_odds()[letters][:, letters[is_letter]]
    table: Table = (odds + within).astype(np.float32)
    undefined = kinds == _Kind.UNDEFINED
    table[:, undefined], table[undefined, :] = _DAMAGE, 0
    return table


def _choices(kind: int) -> int:
    """Among how many characters of its kind one is; those that all encodings share need no share of the odds."""
    if kind in {_Kind.BETWEEN, _Kind.DIGIT, _Kind.LATIN, _Kind.ASCII, _Kind.UNDEFINED}:
        return 1
    return len(_MEMBERS.get(_Kind(kind), "x" * _STRANGE_MEMBERS))
