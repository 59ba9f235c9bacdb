"""The words that stand in the cells of invented reports: no two pools share a habit, and held-out ones share no word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pool:
    """Names, and the patterns by which a supplier writes them.

    `places` are (region, federal district, its towns). The held-out pools are `siberian`, `volga`, `north`, `south`.
    """

    supplier: str
    branches: tuple[str, ...]
    brands: tuple[str, ...]
    legal: tuple[str, ...]
    persons: tuple[str, ...]
    point: str
    places: tuple[tuple[str, str, tuple[str, ...]], ...]
    region: str
    city: str
    streets: tuple[str, ...]
    street: str
    address: str
    drugs: tuple[str, ...]
    forms: tuple[str, ...]
    makers: tuple[str, ...]
    countries: tuple[str, ...]
    types: tuple[str, ...]
    channels: tuple[str, ...]
    people: tuple[str, ...]
    document: str


POOLS: dict[str, Pool] = {
    "central": Pool(
        supplier="Центрофарм",
        branches=("Тула", "Рязань", "Калуга-2", "Брянск"),
        brands=("Василёк", "Ландыш", "Клевер", "Первоцвет", "Незабудка", "Мать-и-мачеха"),
        legal=("ООО «{brand}»", 'ООО "{brand}-Фарм"', "АО «Аптеки {brand}»", "{brand} ООО"),
        persons=("ИП Клюквин Олег Ильич", "ИП Морошкин П.С.", "ИП Рябинина Анна Юрьевна"),
        point="Аптека №{number} «{brand}»",
        places=(
            ("Тульская", "ЦФО", ("Тула", "Новомосковск", "Щёкино", "Алексин")),
            ("Рязанская", "ЦФО", ("Рязань", "Касимов", "Скопин")),
            ("Калужская", "ЦФО", ("Калуга", "Обнинск", "Людиново")),
        ),
        region="{region} обл",
        city="{city} г",
        streets=("Советская", "Октябрьская", "Луговая", "Гоголя", "Вишнёвая"),
        street="{street} ул, д.{house}",
        address="{index}, {region} обл, {city}, {street}",
        drugs=("Анальгин", "Валидол", "Кеторол", "Линекс", "Смекта", "Фестал", "Эссенциале", "Глицин"),
        forms=("таб. 500мг №10", "капс. №30", "таб. п/о №20", "пор. 3г №10", "р-р 100мл"),
        makers=("Обновление ПФК", "Дальхимфарм", "Санофи", "Гедеон Рихтер"),
        countries=("Россия", "Венгрия", "Франция"),
        types=("Аптека", "ЛПУ", "Опт"),
        channels=("Розница", "Госпитальный", "Тендер"),
        people=("Иванова О.", "Сидоров П.", "Петренко К."),
        document="{number}",
    ),
    "east": Pool(
        supplier="Байкал-Медикал",
        branches=("Хабаровский филиал", "Иркутский филиал", "Читинский филиал"),
        brands=("Багульник", "Кедр", "Саранка", "Жарки", "Облепиха-Восток"),
        legal=('ООО "{brand}"', "Общество с ограниченной ответственностью «{brand}»", "МУП {brand}", "ЗАО {brand}"),
        persons=("Индивидуальный предприниматель Бурятов И.И.", "ИП Сопкин Т.Г."),
        point="{brand}, аптека {number}",
        places=(
            ("Хабаровский край", "ДФО", ("Хабаровск", "Комсомольск-на-Амуре", "Амурск")),
            ("Иркутская область", "СФО", ("Иркутск", "Ангарск", "Братск", "Шелехов")),
            ("Республика Бурятия", "ДФО", ("Улан-Удэ", "Гусиноозёрск")),
        ),
        region="{region}",
        city="г. {city}",
        streets=("Карла Маркса", "Амурский бульвар", "Лермонтова", "Байкальская"),
        street="ул. {street}, {house}",
        address="{region}, {city}, {street}",
        drugs=("АСПИРИН КАРДИО", "БИСЕПТОЛ", "ГАЛАЗОЛИН", "ДИАЗОЛИН", "КОРВАЛОЛ", "ПИРАЦЕТАМ"),
        forms=("ТАБ 100МГ N20", "ТАБ 250МГ N10", "КАПЛИ 25МЛ", "КАПС 400МГ N60", "МАЗЬ 10% 25Г"),
        makers=("Байер (Германия)", "Фармстандарт-Лексредства (Россия)", "Польфа (Польша)"),
        countries=("ГЕРМАНИЯ", "РОССИЯ", "ПОЛЬША"),
        types=("Сетевая", "Несетевая", "Больница"),
        channels=("Аптеки", "ЛПУ", "Интернет"),
        people=("Цыренов Б.", "Ли А.", "Шамаев Д."),
        document="ХБ-{number:08d}",
    ),
    "latin": Pool(
        supplier="Pharma Logistic LLC",
        branches=("MSK-1", "SPB-2", "KZN-1"),
        brands=("Zelenaya", "Doktor Plus", "Farmakopeika Nova", "Vitamin"),
        legal=("OOO {brand}", "{brand} LLC", "AO {brand}"),
        persons=("IP Petrov A.A.", "IP Smirnova N.V."),
        point="{brand} pharmacy {number}",
        places=(
            ("Moscow oblast", "Central", ("Podolsk", "Khimki", "Mytishchi")),
            ("Leningrad oblast", "North-West", ("Gatchina", "Vyborg")),
            ("Tatarstan Republic", "Volga", ("Kazan", "Almetyevsk")),
        ),
        region="{region}",
        city="{city}",
        streets=("Lenina", "Sadovaya", "Pushkina"),
        street="{street} str. {house}",
        address="{city}, {street}",
        drugs=("Nurofen", "Coldrex", "Mezim", "Nimesil", "Otrivin"),
        forms=("tabl 200mg N10", "sachet 5g N10", "drops 10ml", "caps 20mg N14"),
        makers=("Reckitt", "Berlin-Chemie", "Novartis"),
        countries=("UK", "DE", "CH"),
        types=("Retail", "Hospital"),
        channels=("Retail", "Hospital", "Online"),
        people=("A. Petrov", "N. Smirnova"),
        document="INV{number}",
    ),
    "siberian": Pool(
        supplier="Сибмедснаб",
        branches=("Новосибирский склад", "Омск (оптовый)", "Томск"),
        brands=("Таёжная", "Сибирячка", "Золотой корень", "Кедровый бор", "Айболит-С"),
        legal=("{brand}, ООО", "ООО Фирма {brand}", 'ТОО "{brand}"', "ГБУЗ НСО «Больница {brand}»", "ФГУП {brand}"),
        persons=("Шишкин Олег Петрович ИП", "Ягелева М.И. (ИП)"),
        point="АП-{number} {brand}",
        places=(
            ("Новосибирская", "Сибирский", ("Новосибирск", "Бердск", "Искитим", "Обь")),
            ("Омская", "Сибирский", ("Омск", "Тара", "Исилькуль")),
            ("Томская", "Сибирский", ("Томск", "Северск", "Асино")),
        ),
        region="{region} область",
        city="{city}",
        streets=("Красный проспект", "Кутузова", "Гагарина", "Вокзальная магистраль", "Иртышская наб."),
        street="{street}, д. {house}",
        address="{index} РФ, {region} область, г {city}, {street}",
        drugs=("Арбидол", "Гриппферон", "Кагоцел", "Мирамистин", "Полиоксидоний", "Тантум Верде", "Називин"),
        forms=("капсулы 100 мг 10 шт.", "спрей 50 мл", "капли назальные 0,05% 10 мл", "таблетки 12 мг 20 шт."),
        makers=("Отисифарм", "ИНФАМЕД К", "НПО Петровакс Фарм", "Анжелини Фармачеутичи"),
        countries=("РФ", "Италия", "Словения"),
        types=("розница", "бюджет"),
        channels=("прямые продажи", "субдистрибуция"),
        people=("Кузьмина Л.Н.", "Жданов Р.О."),
        document="НСК-{number}/25",
    ),
    "volga": Pool(
        supplier="Волгаопт",
        branches=("Самара центр", "Тольятти", "Казань-Опт"),
        brands=("Жигули-Фарм", "Волжанка", "Лекарь", "Ваша аптека", "Будьте здоровы"),
        legal=("ООО {brand}", "АО {brand} (г. Самара)", "ПАО «{brand}»", "МБУЗ «{brand}»", "ООО ТД {brand}"),
        persons=("ИП Галиуллин Р.М.", "ИП ГАБДРАХМАНОВА ЛЕЙСАН"),
        point="{brand} ТТ {number}",
        places=(
            ("Самарская обл.", "ПФО", ("Самара", "Сызрань", "Чапаевск", "Отрадный")),
            ("Респ. Татарстан", "ПФО", ("Казань", "Набережные Челны", "Елабуга")),
            ("Ульяновская обл.", "ПФО", ("Ульяновск", "Димитровград")),
        ),
        region="{region}",
        city="{city}",
        streets=("пр-т Кирова", "ул.Ново-Садовая", "ш.Московское", "ул.Баумана", "б-р Ленинский"),
        street="{street},{house}",
        address="{city},{street}",
        drugs=("Верошпирон", "Детралекс", "Конкор", "Престариум", "Предуктал", "Тромбо АСС", "Энап"),
        forms=("тб 25мг x20", "тб п/пл/о 500мг x60", "капс 50мг x30", "тб 5мг x50", "тб п.о. 35мг x60"),
        makers=("Gedeon Richter Ltd", "Les Laboratoires Servier", "Merck KGaA", "KRKA d.d."),
        countries=("Hungary", "France", "Germany"),
        types=("Сеть", "Одиночка"),
        channels=("Сети", "Независимые"),
        people=("Хайруллина", "Мордвинов"),
        document="{number:07d}",
    ),
    "north": Pool(
        supplier="Нордфарма",
        branches=("СПб Парнас", "Мурманск", "Архангельск порт"),
        brands=("Северная звезда", "Полярис", "Ладья", "Фиалка СПб", "Невис-М"),
        legal=('"{brand}" ООО', "ООО {brand} Групп", "СПб ГБУЗ {brand}", "АО НПФ {brand}", "OOO «{brand}»"),
        persons=("ИП Лопарев Евгений Викторович", "ИП Поморцева Д. А."),
        point="{brand} / точка {number}",
        places=(
            ("г Санкт-Петербург", "СЗФО", ("Санкт-Петербург", "Колпино", "Пушкин")),
            ("Мурманская обл", "СЗФО", ("Мурманск", "Апатиты", "Кандалакша")),
            ("Карелия Респ", "СЗФО", ("Петрозаводск", "Сегежа", "Костомукша")),
        ),
        region="{region}",
        city="{city} г.",
        streets=("Невский пр.", "Лиговский пр.", "наб. канала Грибоедова", "Полярные Зори", "Кольский пр-кт"),
        street="{street}, дом № {house}",
        address="{index}, {region}, {city}, {street}",
        drugs=("Аторвастатин-СЗ", "Розувастатин", "Лозартан", "Амлодипин", "Метопролол", "Индапамид Ретард"),
        forms=("тбл п/п/о 20мг бл №30", "тбл 5мг №90", "тбл пролонг 1,5мг №30", "тбл п/п/о 100мг №60"),
        makers=("Северная звезда НАО", "Тева", "Озон ООО", "Вертекс АО"),
        countries=("Россия", "Израиль"),
        types=("Chain", "Independent", "Hospital"),
        channels=("Pharmacy", "Hospital", "E-com"),
        people=("Васильев", "Кириллова"),
        document="80{number:08d}",
    ),
    "south": Pool(
        supplier="Торгпред-Юг",
        branches=("Ростов-Дон", "Краснодар/Тихорецк", "Симферополь"),
        brands=("Парацельс", "Лотос", "Эскулап-Юг", "Гиппократ", "Семейная", "Каштан"),
        legal=("ООО «Фармацевтическая компания {brand}»", "ОАО {brand}", "АО Фармация {brand}", "НУЗ «{brand}»"),
        persons=("ИП Казаченко Тарас Богданович", "ИП Грекова Э.Х."),
        point="Аптечный пункт {brand} {number}",
        places=(
            ("Ростовская", "ЮФО", ("Ростов-на-Дону", "Таганрог", "Шахты", "Азов")),
            ("Краснодарский", "ЮФО", ("Краснодар", "Сочи", "Армавир", "Ейск")),
            ("Крым", "ЮФО", ("Симферополь", "Ялта", "Евпатория")),
        ),
        region="{region}",
        city="{city}",
        streets=("Большая Садовая", "Красная", "Буденновский", "Киевская", "40 лет Победы"),
        street="{street} {house}",
        address="{city} {street}",
        drugs=("Актовегин", "Мексидол", "Церебролизин", "Мильгамма", "Кортексин", "Цитофлавин"),
        forms=("р-р д/ин. 40мг/мл 5мл амп. N5", "таб. 125мг N50", "амп. 2мл N10", "лиоф. 10мг фл. N10"),
        makers=("Такеда", "Фармасофт", "ЭВЕР Нейро Фарма", "Солюфарм", "Полисан"),
        countries=("Австрия", "Россия", "Германия"),
        types=("апт", "лпу"),
        channels=("коммерция", "госзакупки"),
        people=("Тищенко", "Манукян"),
        document="К{number}",
    ),
}
