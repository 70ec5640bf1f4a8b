"""Words from which people and places are made up. The places are nowhere, the telephone numbers are kept free for
stories, and no postcode begins with ZZ."""

FORENAMES = {
    "female": (
        "Amara", "Bryony", "Cerys", "Dilys", "Elowen", "Farah", "Greta", "Hanne", "Isla", "Juno", "Kezia", "Linnet",
        "Maeve", "Nadia", "Oriel", "Petra", "Quilla", "Roshni", "Saffron", "Tamsin", "Una", "Vesna", "Willa", "Yara",
        "Zofia", "Ayesha", "Blessing", "Carys", "Mei", "Ottilie",
    ),
    "male": (
        "Alder", "Bram", "Caleb", "Dara", "Emrys", "Faisal", "Gethin", "Hari", "Idris", "Jago", "Kofi", "Linden",
        "Milo", "Nikhil", "Osian", "Piotr", "Quentin", "Rafi", "Silas", "Tobias", "Umar", "Viktor", "Wilf", "Yusuf",
        "Zach", "Ansel", "Corin", "Jun", "Marek", "Perran",
    ),
}  # fmt: skip
SURNAME_STARTS: tuple[str, ...] = (
    "Ash",
    "Bramble",
    "Cinder",
    "Dew",
    "Elder",
    "Fern",
    "Gorse",
    "Hollow",
    "Ivy",
    "Kettle",
    "Lark",
    "Moss",
)
SURNAME_STARTS += ("Nettle", "Oaken", "Pebble", "Quill", "Rushen", "Sedge", "Thistle", "Under", "Velvet", "Wick")
SURNAME_ENDS = ("acre", "bourne", "combe", "down", "field", "garth", "holt", "leigh", "mere", "shaw", "thwaite", "wood")
MARRIED_IN = (
    "Okonjo",
    "Patelle",
    "Rahmani",
    "Szewczak",
    "Abadir",
    "Lindqvar",
    "Ferraroni",
    "Chandrel",
    "Novakow",
    "Adeyoma",
)
STREETS: tuple[str, ...] = (
    "Tinder Lane",
    "Ferry Steps",
    "Quarry Rise",
    "Harbinger Road",
    "Old Kiln Street",
    "Larkspur Gardens",
)
STREETS += ("Copperbeck Terrace", "Mill Race Way", "Sparrow Court", "Pattern Street", "Lantern Hill", "Chandler’s Row")
TOWNS = (("Nether Quill", "ZZ1"), ("Sampleton", "ZZ2"), ("Harrowmere", "ZZ4"), ("Upper Tansy", "ZZ5"))
ELSEWHERE = (("Farholme", "ZZ8"), ("Otherham", "ZZ9"))
PRIMARY = ("Kiln Lane Primary School", "Tansy Infant and Junior School", "Ferry Steps Primary School")
SECONDARY = ("Harrowmere Academy", "Quarry Rise High School")
NURSERY = ("Acorns Nursery, Sampleton", "Little Quills Nursery")
COLLEGES = ("Sampleton Sixth Form College",)
SURGERIES = ("Millrace Surgery", "Tansy Medical Centre", "Harbinger Road Practice")
SERVICES = ("Nether Quill Young Carers", "Stepping Stones Family Centre", "Speech and Language Team", "Early Help Team")
COUNSELLING, CLINIC = "Lanternlight Counselling", "Clearwater Young People’s Clinic"  # the second for teenagers
WORKERS = ("Orla Penhale", "Joss Tremayle", "Delphine Okorra", "Ravi Sandhurn")  # social workers
DOCTORS = ("Dr Tobias Wexcombe", "Dr Anjali Merriden", "Dr Hugo Fennimar")
NEIGHBOURS = ("Maud Thistlewood", "Bernice Cripplegate", "Iris Pottinger", "Lena Askwithen", "Dorothea Quayle")
