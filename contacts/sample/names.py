"""What the sample account is made of. All invented; phone ranges are those kept for fiction."""

from typing import NamedTuple


class Place(NamedTuple):
    """Where some of the people live."""

    country: str
    share: int  # of a hundred
    first: str
    last: str
    cities: tuple[tuple[str, str], ...]  # city, time zone
    postal: str  # a pattern: # is a digit, @ a letter


PLACES = (
    Place(
        "United States",
        40,
        "James Maria Robert Linda Michael Denise David Karen Luis Nancy Marcus Priya Kevin Grace "
        "Tyrone Amy Hector Julia Noah Naomi Caleb Ivy",
        "Whitfield Abernathy Kim Delgado Herrera Brooks Nguyen Sullivan Ramirez Okafor Patel Novak "
        "Fletcher Boyd Castillo Reed Lindqvist Hayes Moreno Whitaker Dunn",
        (
            ("New York", "America/New_York"),
            ("Chicago", "America/Chicago"),
            ("Denver", "America/Denver"),
            ("Seattle", "America/Los_Angeles"),
            ("Austin", "America/Chicago"),
            ("Boston", "America/New_York"),
        ),
        "#####",
    ),
    Place(
        "United Kingdom",
        32,
        "Oliver Amelia Harry Isla George Freya Arthur Poppy Callum Niamh Rhys Zara Imran Aisha "
        "Tobias Bethan Euan Orla Jonah Priya",
        "Pemberton Whitlock Oyelaran Nwosu Haddad Ashworth Macleod Griffiths Bhatt Calloway Thorne "
        "Raman Fairbairn Kerr Penhaligon Sato Holloway Doyle",
        (
            ("London", "Europe/London"),
            ("Manchester", "Europe/London"),
            ("Edinburgh", "Europe/London"),
            ("Bristol", "Europe/London"),
            ("Leeds", "Europe/London"),
        ),
        "@@# #@@",
    ),
    Place(
        "France",
        12,
        "Claire Lucas Chloé Hugo Léa Théo Manon Élodie Mathéo Inès Rémi Anaïs",
        "Dubreuil Lefèvre Moreau Garnier Chevalier Rousseau Béranger Marchand Fontaine Noël",
        (("Paris", "Europe/Paris"), ("Lyon", "Europe/Paris"), ("Nantes", "Europe/Paris")),
        "75###",
    ),
    Place(
        "Australia",
        9,
        "Jack Matilda Liam Ruby Cooper Willow Angus Tahlia Archie Sienna",
        "Carmody Nguyen Fitzgerald Papadakis Walsh Bergström Kelleher Lawson",
        (("Sydney", "Australia/Sydney"), ("Melbourne", "Australia/Melbourne")),
        "####",
    ),
    Place(
        "Germany",
        7,
        "Lukas Anna Jonas Lena Jürgen Käthe Björn Sabine",
        "Weber Müller Schäfer Großmann Vogel Krüger Neumann Österreicher",
        (("Berlin", "Europe/Berlin"), ("Hamburg", "Europe/Berlin")),
        "#####",
    ),
)
COMPANY_FIRST = [
    "Brightwater",
    "Tidewell",
    "Larkrise",
    "Halden",
    "Solerno",
    "Kestrel",
    "Arcadia",
    "Nordlicht",
    "Foxglove",
    "Millhouse",
    "Glasswork",
    "Lindholm",
    "Saffron",
    "Harrow",
    "Juniper",
    "Northgate",
    "Ashdown",
    "Cobalt",
    "Meridian",
    "Quarry",
    "Redfern",
    "Silverbirch",
    "Thornbury",
    "Umber",
    "Vantage",
    "Willow",
    "Yarrow",
    "Copperline",
    "Driftwood",
    "Everly",
]
COMPANY_LAST = [
    "Energy",
    "Marine",
    "Homes",
    "Group",
    "Foods",
    "Health",
    "Parts",
    "Optik",
    "Clinics",
    "Lettings",
    "Interiors",
    "Arkitekter",
    "Bakery",
    "Legal",
    "Advisory",
    "Travel",
    "Studio",
    "Robotics",
    "Logistics",
    "Books",
]
JOBS = (
    "Director", "Owner", "Bookkeeper", "Head of Operations", "Finance Director", "Office Manager",
    "Marketing Lead", "Chief Executive", "Project Manager", "Consultant", "Founder",
    "HR Manager", "Sales Manager", "Procurement Lead", "Architect", "Practice Manager",
)  # fmt: skip
SIZES = ("1-10", "11-50", "51-200", "201-500", "501-1000")
US_AREAS = [
    "202",
    "206",
    "212",
    "214",
    "215",
    "303",
    "305",
    "312",
    "313",
    "317",
    "404",
    "405",
    "406",
    "410",
    "412",
    "414",
    "415",
    "502",
    "503",
    "505",
    "512",
    "515",
    "602",
    "603",
    "612",
    "615",
    "617",
    "619",
    "702",
    "713",
]
