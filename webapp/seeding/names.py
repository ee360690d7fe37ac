# ruff: noqa: RUF001  (a dotless i is a letter)
"""Given and family names that go together, from many places, as people there write them in Latin letters."""

# One entry per naming tradition: given names | family names, in the order in which the full name is written here.
TRADITIONS = (
    ("Adaeze Chidi Ngozi Emeka Ifeoma Obinna Amara Tobenna Chioma Uche", "Okafor Eze Nwosu Adeyemi Obi Balogun Okeke"),
    ("Kwame Akosua Kofi Abena Yaw Efua Kojo Adwoa Esi Nana", "Mensah Owusu Boateng Asante Osei Appiah Addo"),
    (
        "Wanjiru Kamau Achieng Otieno Njeri Kiprop Wambui Barasa Makena Mwangi",
        "Kariuki Odhiambo Ndungu Wekesa Cheruiyot",
    ),
    ("Hiwot Dawit Selam Abel Mekdes Yonas Tigist Elias Rahel Samson", "Tesfaye Bekele Haile Alemu Girma Tadesse"),
    ("Layla Omar Salma Youssef Nour Karim Hana Tarek Mariam Ziad", "Haddad Mansour Khalil Nasser Fahmy Aziz Darwish"),
    ("Shirin Arash Parisa Kaveh Leila Babak Nasrin Omid Yasaman Reza", "Ahmadi Karimi Rostami Farahani Sadeghi Moradi"),
    ("Elif Emre Zeynep Mert Defne Deniz Ece Kerem Selin Barış", "Yılmaz Demir Kaya Şahin Çelik Aydın Öztürk"),
    (
        "Ananya Arjun Priya Rohan Kavya Vikram Meera Aditya Isha Nikhil",
        "Sharma Iyer Patel Banerjee Nair Kulkarni Rao Das",
    ),
    ("Ayesha Bilal Zara Hamza Sana Usman Mahnoor Faisal", "Qureshi Siddiqui Chaudhry Malik Hashmi Ansari"),
    ("Nimali Kasun Dilini Ruwan Sanduni Chamara", "Perera Fernando Jayasuriya Wickramasinghe Silva"),
    (
        "Yuki Haruto Sakura Ren Aoi Sota Hina Kaito Mei Takumi",
        "Tanaka Suzuki Watanabe Nakamura Kobayashi Mori Ishikawa",
    ),
    ("Minji Jihoon Seoyeon Minjun Haeun Dohyun Yuna Taeyang", "Kim Park Choi Jung Kang Yoon Lim Han"),
    ("Xiuying Jian Meilin Hao Yan Bowen Lihua Zihan Ruolan Wei", "Chen Wang Zhang Liu Huang Zhao Lin Zhou"),
    ("Linh Minh Thu Quang Mai Duc Huong Khoa Lan Tuan", "Nguyễn Trần Phạm Lê Võ Đặng Bùi"),
    ("Siti Budi Dewi Agus Putri Bayu Ratna Dimas Ayu Rizky", "Wijaya Santoso Hartono Kusuma Pratama Lestari"),
    ("Maria Jose Liza Andres Tala Miguel Amihan Paolo", "Santos Reyes Bautista Ocampo Dela Cruz Mendoza"),
    ("Aroha Tane Mere Wiremu Hana Rangi Kiri Nikau", "Parata Ngata Walker Tamihana Henare Rewi"),
    ("Ingrid Lars Astrid Erik Freja Magnus Saga Nils Liv Soren", "Lindqvist Berg Dahl Nyström Sørensen Holm Åkesson"),
    ("Aino Eero Helmi Onni Kaisa Veikko Saara Antti", "Virtanen Korhonen Mäkinen Laine Salonen Heikkinen"),
    ("Björk Jón Sigrún Einar Katla Gunnar", "Jónsdóttir Einarsson Ólafsdóttir Magnússon"),
    ("Greta Jonas Leonie Felix Klara Matthias Frieda Lukas", "Schneider Vogel Brandt Keller Weiß Hoffmann Lang"),
    ("Sanne Daan Fleur Bram Lotte Thijs Noor Joost", "de Vries Bakker Visser van Dijk Mulder Smit"),
    ("Camille Hugo Manon Théo Élise Luc Margaux Antoine", "Dubois Lefèvre Moreau Girard Laurent Fontaine Mercier"),
    ("Giulia Marco Chiara Luca Elena Matteo Sofia Davide", "Ricci Bianchi Conti Esposito Moretti Gallo Ferri"),
    ("Lucía Javier Carmen Pablo Marta Álvaro Inés Diego", "García Navarro Ortega Romero Vidal Iglesias Castro"),
    ("Beatriz Tiago Inês Rui Leonor Duarte Mafalda Nuno", "Ferreira Carvalho Almeida Pinto Sousa Lopes"),
    ("Agnieszka Paweł Zofia Tomasz Hania Kuba Małgosia Michał", "Nowak Kowalska Wójcik Zielińska Mazur Kozak"),
    ("Tereza Jakub Eliška Ondřej Anežka Vojtěch", "Novák Svoboda Dvořák Černý Horák Marek"),
    ("Ioana Andrei Mădălina Radu Elena Mihai", "Popescu Ionescu Dumitru Stan Munteanu"),
    ("Eleni Nikos Sofia Giorgos Katerina Yannis", "Papadopoulos Nikolaidis Vlachos Economou Pappas"),
    ("Oksana Taras Solomiya Bohdan Daryna Andriy", "Shevchenko Kovalenko Bondar Melnyk Tkachenko"),
    ("Nino Giorgi Tamar Levan Ana Irakli", "Beridze Kapanadze Gelashvili Lomidze"),
    ("Niamh Cillian Aoife Eoin Saoirse Fergus", "Murphy Byrne Gallagher Keane Doyle"),
    ("Eilidh Callum Isla Hamish Catrin Rhys Megan Owen", "MacLeod Fraser Campbell Hughes Griffiths Reid"),
    ("Hannah Marcus Olivia Theo Ruby Elliot Grace Isaac Naomi Jonah", "Brooks Carter Hayes Bennett Turner Ellis Reed"),
    ("Xóchitl Mateo Citlali Emiliano Ximena Joaquín", "Hernández Morales Aguilar Fuentes Delgado Luna"),
    ("Valentina Santiago Camila Nicolás Antonia Tomás", "Rojas Muñoz Cárdenas Quispe Mamani Restrepo"),
    ("Thaís Caio Luana Rafael Iara Vinícius", "Oliveira Souza Barbosa Ribeiro Cardoso Nunes"),
    ("Noa Eitan Tamar Yonatan Shira Amit", "Levi Cohen Mizrahi Friedman Katz Biton"),
    ("Aigerim Nurlan Dana Arman Madina Timur", "Abdrakhmanov Serikova Omarov Kassymova"),
    ("Nomvula Sipho Thandi Themba Lerato Kagiso", "Dlamini Nkosi Mokoena Khumalo Naidoo Botha"),
)


def combinations() -> list[tuple[str, str]]:
    """Every given name with every family name of its tradition, in a fixed order."""
    return [
        (given, family.replace("_", " "))
        for givens, families in TRADITIONS
        for given in givens.split()
        for family in _families(families)
    ]


def _families(families: str) -> list[str]:
    for particle in ("de ", "van ", "Dela "):
        families = families.replace(particle, particle[:-1] + "_")
    return families.split()
