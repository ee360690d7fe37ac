# ruff: noqa: E501  (one list per line is what makes the tables readable)
"""What fills the gaps of the sentences in `phrases` and of the biographies, as lists separated by semicolons."""

from functools import cache

BIOS = (
    "{habit}. {love}.",
    "{love}.",
    "{job_held} by day, {habit_low} by night.",
    "{job_held}. {love}.",
    "{from_} {habit}.",
    "{job_held}, {place} most of the year.",
    "{habit}. Currently {at}.",
    "{habit}. {love}.",
)

_GAPS = {
    "arrival": "late last night; by the slow train; with one suitcase too many; soaked and happy; on the early ferry; a day before our luggage",
    "butler": "gardener; captain; other sister; baker, of all people",
    "child": "The little one; Our youngest; My nephew; The girl from next door; Somebody's five-year-old; My godchild",
    "clouds": "like a fleet setting out; freshly washed; painted by somebody patient; like sheep with somewhere to be; in a hurry",
    "company": "two retired teachers; a very old fisherman; the people next door; a brass band on holiday; a couple on their fiftieth honeymoon; three students and a cat; the night porter; half the village",
    "consequence": "the gulls walk; we dined on the doorstep at midnight; I bought a second hat; you can hear the next village think; we left the lamp off all evening; even the cats sit at the window",
    "count": "two; three; four; five; six",
    "count_days": "four; five; six; nine; ten",
    "counted": "swallows; church bells; red doors; sheep; sails; shooting stars; bicycles; chimneys",
    "day": "one; two; three; four; five; six; nine; twelve",
    "daytime": "noon; breakfast; Tuesday; teatime; sunrise; the day we arrived",
    "distance": "six kilometres; nine kilometres; an hour; half the day; fourteen kilometres; two valleys",
    "feeling": "I am ridiculously happy; my head is quiet at last; pure contentment; nothing hurts and everything shines; I could stay a year; it feels like being twelve again; homesick and happy at the same time; I breathe differently here",
    "friend": "Nora; Tomás; Mika; Aunt Rosa; Jun; Farid; Grandma; Ines; Pia; Samir; Uncle Bo; Lena; Marek; Yui; Dede",
    "harvest": "olives; grapes; hay; apples; nets; potatoes",
    "instead": "nothing, very thoroughly; a nap and a long lunch; the opposite, and well; a different island; three museums by accident; cards, with the rain on the roof",
    "instrument": "accordion; cello; oud; trumpet; piano; fiddle; kora; clarinet",
    "job": "a lighthouse keeper; a baker; a ferry captain; a goat; an astronomer; a bus driver; a volcano",
    "kissed": "everyone; the cat; the little ones; Grandpa; the whole staircase; all of you",
    "late": "forty minutes; an hour; two hours; a pleasant while; one whole sunset",
    "meal": "breakfast; lunch; dinner; second breakfast; a midnight snack",
    "morning": "fog up to the windowsill; a sky without a single mistake; rain on a tin roof; light like honey; a double rainbow; clouds below us; the first warm wind of the year; birds, loudly; a sunrise that overdid it; long shadows and dew",
    "nap": "hat over the eyes, no apologies; after lunch and before lunch; in the shade, in shifts; sitting up, book open",
    "number": "forty; a hundred and three; sixty-one; two hundred; seventeen",
    "plan": "the museum; an early start; the long hike; to buy shoes; the guided tour; laundry; to do nothing",
    "plant": "basil; orchid; ferns; tomatoes; lemon tree; cactus",
    "question": "where the waves go at night; who turns the stars on; whether mountains grow; why bridges don't get tired; if fish know it is raining; what the wind is for; how the moon got here before us",
    "rain": "for eleven minutes; all through lunch; sideways; politely; like in an opera; exactly while we were inside",
    "reason": "it was Thursday; we looked cold; I tried to say please; the little one smiled at her; it was the last one; we came back",
    "room": "a balcony over the water; a bath with a view; a window seat and a lamp; shutters that sing; a stove and forty books; a skylight right above the pillow",
    "saved": "slice of cake; seat by the window; place at the table; glass; ripe tomato; newspaper",
    "shelter": "an arcade; a fig tree; somebody's porch; a bus stop; a borrowed tarpaulin",
    "show": "its best coat; a different ending; an encore; something pink; a performance, free of charge; all its jewellery at once",
    "sight": "the boats coming in; a heron standing perfectly still; swifts over the roofs; an old couple dancing; the fog lifting; children racing paper boats; the lamps coming on; a goat on a car; the last cable car going up empty; a wedding crossing the bridge; the moon rise out of nowhere",
    "sky": "sunshine; not a cloud; drizzle; mist; a big blue sky; golden light; warm rain; soft grey light",
    "sky_later": "all blue; pure gold; pouring; perfect; all glitter",
    "smell": "warm stone and coffee; rain and woodsmoke; oranges; old books; the sea, or what I remember of it; fresh bread until noon",
    "sound": "the sea; frogs; the river under the window; crickets; rain; church bells; an owl; the neighbours' piano",
    "souvenir": "blue bowl; rug; brass bell; second-hand accordion; ceramic fish; felt hat; map of the wrong island; wooden spoon; very large lemon; teapot without a lid",
    "span": "morning; afternoon; whole day; evening; best part of the day; long golden hour",
    "steps": "18,204; 22,910; 31,077; 14,650; 26,333; 19,871",
    "surface": "a rock; my knee; the ferry; a wobbly table; a sleeping dog, nearly; the back of a menu; a moving bus",
    "teacher": "the bus driver; a girl of six; our landlady; the baker; a taxi driver who sings; the man who mends nets",
    "temperature": "windy; mild; clear; quiet; bright",
    "thief": "wind; donkey; sea; goat; waterfall",
    "timing": "at sunrise; early, before the coaches; after the rain; at dusk; in the last light; on a weekday; at an hour I won't admit; just before closing",
    "transport": "ferry; night train; bus; boat; cable car; post van",
    "verdict": "Ten out of ten.; Best meal of the trip.; I would cross a mountain for it. I did.; No notes.; I said wow out loud.; Still thinking about it.",
    "water": "cold and clear as glass; warmer than the air; green and perfectly still; freezing, wonderful; like silk; bracing, let us say",
    "weekday": "Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday",
    "where_danced": "on the pier; in the kitchen; in the rain; at a stranger's wedding; on the platform; in our socks",
    "wind": "stole two maps and a sandwich; plays the shutters like a drum; has finally given up; smells of thyme; knows everybody's name here; turned every umbrella into a tulip; brings somebody's music over from the other side",
    "witness": "my sore feet; the map; the scenic route; my optimistic estimate",
    "word": "thank you; slowly; again; owl; umbrella; delicious; wonderful; snow",
    "years": "two; five; nine; twenty; eleven; thirty",
}

_BIO_GAPS = {
    "from_": "Born by the sea, living in the hills.; Three countries, one suitcase.; Home is where the kettle is.; Left for a weekend in May.; Grew up above a bakery.; Raised on night trains.",
    "habit": "Always on the slow train; Collects stamps and small stones; Writes with a leaking pen; Takes the stairs for the view; Swims in any weather; Never packs enough socks; Draws every bridge; Talks to ferrymen; Walks first, asks later; Eats breakfast twice; Reads maps for fun; Sends more cards than letters; Photographs doors; Follows rivers",
    "habit_low": "letter writer; star counter; mountain dreamer; soup maker; timetable reader; kite mender; amateur cellist; pastry critic",
    "job_held": "Nurse; Carpenter; Physics teacher; Baker; Bus driver; Botanist; Cook; Librarian; Sound engineer; Midwife; Gardener; Translator; Tailor; Geologist; Night editor; Beekeeper; Software person; Potter; Retired postman; Vet",
    "love": "Tea, trains and tall trees; Mountains before noon, cake after; Lighthouses and long lunches; Harbours, cats, second-hand books; Rain on tents; Small museums and large sandwiches; Night skies and thick jumpers; Markets, bicycles and bad puns; Old maps, new shoes; Window seats; Islands, in general; Slow rivers and fast trains",
    "place": "on the road; at sea; in the mountains; near a kettle; in somebody's garden; between two trains",
}


@cache
def gaps() -> dict[str, tuple[str, ...]]:
    """What may stand in each gap of a card's sentences."""
    return {gap: tuple(words.split("; ")) for gap, words in _GAPS.items()}


@cache
def bio_gaps() -> dict[str, tuple[str, ...]]:
    """What may stand in each gap of a biography."""
    return {gap: tuple(words.split("; ")) for gap, words in _BIO_GAPS.items()}
