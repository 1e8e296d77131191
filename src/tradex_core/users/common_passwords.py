"""The common passwords of eight characters and more that people choose first, in lower case."""

from typing import Final

_PASSWORDS = """
!@#$%^&* !@#$%^&*( !qaz2wsx !qaz@wsx 00000000 000000000 0000000000 00112233 01012011 01020304
01230123 01234567 012345678 0123456789 098765432 0987654321 10101010 10203040 1020304050
102030405060 11111111 111111111 1111111111 11112222 11223344 1122334455 11235813 12121212
1212121212 12123434 12312312 123123123 1231231234 123321123 12341234 123412345 12344321 123454321
1234554321 12345678 123456789 1234567890 1234567891 12345678910 1234567899 123456789a 123456789q
123456789z 12345678a 12345678ab 12345678q 1234567a 1234567q 123456aa 123456abc 123456asd
123456qwerty 12345abc 12345qwert 1234abcd 1234qwer 123abc123 123qwe123 123qweasd 123qweasdzxc
13131313 13579246 135792468 14141414 142536789 147258369 1472583690 147852369 14789632 147896325
1478963250 159357258 159753456 159951159 19841984 19851985 19861986 19871987 19881988 19891989
19901990 19911991 19921992 19931993 19941994 19951995 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y
1qaz1qaz 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 20002000 20102010 20202020 20232023 20242024 20252025
22222222 23232323 24681012 246813579 25252525 258456258 27182818 2wsx3edc 31415926 314159265
3141592654 321654987 33333333 369258147 420420420 44444444 55555555 555555555 55667788 66666666
69420420 69696969 741852963 77777777 777777777 7777777777 789456123 789456123a 86753090 8675309a
87654321 876543210 88888888 888888888 8888888888 963258741 963852741 987654321 9876543210 99887766
99999999 999999999 a1234567 a12345678 a123456789 a1a1a1a1 a1b2c3d4 a1b2c3d4e5 a1s2d3f4 aa123456
aa12345678 aaa123456 aaaa1111 aaaaaaaa aaaaaaaaa aaaaaaaaaa abababab abc12345 abc123456
abc123456789 abc123abc abc123def abcabcabc abcd1234 abcd12345 abcd123456 abcdabcd abcdef123
abcdef123456 abcdefg1 abcdefg123 abcdefgh abcdefghi abcdefghij abdullah abracadabra access123
access14 admin123 admin1234 admin12345 admin123456 admin2020 admin2021 admin2022 admin2023
admin2024 admin2025 admin888 admin@123 adminadmin administrator adventure airborne alejandra
alejandro alejandro1 alexander alexander1 alexandra alexandra1 alexandre amanda12 amanda123
america1 americanidol andrea12 andrea123 andrew12 andrew123 android1 angel123 angelina angelito
anthony1 anthony12 anthony123 anything1 april123 aquarius aqwzsxedc argentina arsenal1 arsenal123
arsenalfc asd123456 asdasd123 asdasdasd asdf1234 asdf12345 asdf;lkj asdfasdf asdfghjk asdfghjkl
asdfghjkl1 asdfghjkl; asdfqwer asdqwe123 asdzxc123 ashley12 ashley123 assassin asshole1 august12
australia autumn12 autumn2020 autumn2021 autumn2022 autumn2023 autumn2024 autumn2025 avengers
azerty123 azertyui azertyuiop azsxdcfv azsxdcfvgb babyboy1 babyboy12 babygirl babygirl1 babygirl12
backdoor badass12 badboy12 banana12 banana123 barcelona barcelona1 baseball baseball1 baseball12
basketball basketball1 batman12 batman123 beatles1 beautiful beautiful1 benjamin benjamin1
bestfriend bieber123 bigdaddy biology1 birthday birthday1 bitch123 biteme12 black123 blackberry
blackblack blackjack blahblah blahblah1 blessed1 blessing blink182 blue1234 blueblue bmw12345
bonjour1 bonjour123 brandon1 brandon12 brasil123 brittany brittany1 broncos1 brooklyn brooklyn1
bubbles1 bubbles12 budweiser bugsbunny bulldog1 bulldogs bullshit bullshit1 business buttercup
butterfly butterfly1 california california1 callofduty callofduty1 camaro69 cameron1 cannabis
capricorn captainamerica caroline caroline1 casino123 catherine changeit changeme changeme1
changeme123 changethis charizard charlie1 charlie12 charlie123 charlotte charlotte1 cheese12
cheese123 cheesecake chelsea1 chelsea123 chelseafc chemistry cherry12 chevrolet chevy123 chewbacca
chicago1 chicken1 chicken123 chocolate chocolate1 chocolate12 christian christian1 christina
christina1 christine christmas christmas1 christopher christopher1 cisco123 cocacola cocacola1
coffee12 coffee123 college1 college123 colombia colombia1 company1 company123 computer computer1
computer123 contrasena contrasena1 contraseña contraseña1 cookie12 cookie123 cookies1 corona123
corporate correcthorse correcthorsebatterystaple corvette counterstrike courtney courtney1
cowboy12 cowboys1 crazy123 crazygirl creative cristiano cristiano7 cupcake1 cupcake12 customer
cutiepie cutiepie1 cynthia1 d1234567 dancer12 dancer123 dancing1 daniel12 daniel123 danielle
danielle1 darkknight darthvader database deadpool december december1 december12 december25
default1 default123 demo1234 demodemo design123 destiny1 destiny12 dfgdfgdf diamond1 diamond12
diamonds doctor12 doggy123 dolphin1 dolphin12 dolphin7 dolphins dominic1 dominique dracula1
dragon12 dragon123 dragon1234 dragonball dragonball1 dragonballz drowssap dumbledore eagles12
easter123 eduardo1 edward12 elephant elephant1 elizabeth elizabeth1 elsalvador emily123 eminem12
eminem123 engineer engineer1 estrella estrella1 evanescence everton1 explorer facebook facebook1
facebook123 family123 february february1 fernanda fernando fernando1 ferrari1 ferrari123 fghfghfgh
fireball firebird firefire fireman1 florence flower12 flower123 flowers1 football football1
football12 football123 football7 forever1 forever21 fortnite fortnite1 fortnite123 francisco
francisco1 franklin freedom1 freedom12 freedom123 friday13 friends1 friends2 friendship fuckoff1
fuckthis fuckyou! fuckyou1 fuckyou12 fuckyou123 fuckyou2 futbol123 gabriel1 gabriela gabriela1
gabriella gandalf1 gangsta1 gangster gangster1 garfield garrett1 gemini12 george12 george123
giggles1 gladiator gmail123 godbless godbless1 godisgood godislove gold1234 golden12 gonzalez
goodbye1 goodluck goodluck1 google123 gorgeous graduate green123 greenday greenday1 gregory1
gryffindor guest123 guest1234 guitar12 guitar123 hahahaha hahahaha1 halloween halo1234 hamster1
handsome handsome1 hannah12 hannah123 hannahmontana happiness happy123 happy2024 happyday harley12
harleydavidson harrypotter harrypotter1 heather1 heavenly hello123 hello123! hello1234 hello12345
hellohello hellokitty hellokitty1 helloworld helloworld1 hermione hernandez highschoolmusical
hockey12 hockey123 hogwarts hola1234 homework honduras hospital hotgirl1 hotmail1 hotmail123
hotstuff hottie12 hottie123 hunter12 hunter123 hunter22 hurricane ichliebedich ijnuhbygv ilovegod
ilovehim ilovejesus iloveme1 iloveme2 ilovemom ilovemymom iloveyou iloveyou! iloveyou1 iloveyou12
iloveyou123 iloveyou2 iloveyou3 iloveyouu india123 indonesia infantry insane12 instagram
intermilan internet internet1 iphone123 ironmaiden ironman1 ironman123 isabella isabella1 jackpot1
jackson1 jackson5 jamaica1 january1 jasmine1 jasmine12 jedimaster jennifer jennifer1 jennifer12
jeremiah jeremy12 jessica1 jessica12 jessica123 jesus123 jesus777 jesuschrist jesusislord
jesuslives jesuslovesme jetaime1 jetaime123 jkljkljkl jonathan jonathan1 jordan12 jordan123
jordan23 joseph12 joseph123 joshua12 joshua123 justin12 justin123 justinbieber justinbieber1
juventus juventus1 katherine katrina1 kennedy1 kennwort killer12 killer123 killer1234 kimberly
kimberly1 kitty123 kittycat kittykat krishna1 krishna123 lacrosse ladybug1 ladybug12 lakers123
lakers24 lalalala lamborghini lauren12 lavender lebron23 leonardo leonardo1 letmein1 letmein12
letmein123 letmeinnow letsgo123 liberty1 lightning lightsaber linkedin linkinpark linkinpark1
linux123 liverpool liverpool1 liverpool123 lkjhgfdsa login123 logmein1 lollipop lollipop1 lololol1
lolololo london123 london2012 lordoftherings losangeles louise12 lovebug1 lovelife lovelove
lovelove1 lovely12 loveme12 lovers12 loveyou1 loveyou123 loveyou2 lucky123 lucky777 luckyone
m1234567 madison1 madison12 madison123 madonna1 manager1 manager123 manchester mancity1 manutd123
march123 marcus12 margaret marijuana marina12 marines1 mariobros marketing martin12 martin123
martinez master12 master123 masterkey mastermind matthew1 matthew12 maverick maxwell1 megadeth
melissa1 melissa12 melissa123 mercedes mercedes1 mercedes12 merchant messi123 metallica metallica1
michael1 michael12 michael123 michael23 michelle michelle1 mickey12 mickeymouse microsoft
microsoft1 midnight midnight1 military minecraft minecraft1 minecraft123 minniemouse mnbvcxz1
mohamed1 mohamed123 mohammed mohammed1 monday12 monday123 monica12 monkey12 monkey123 monkey1234
monster1 monster12 monster123 moonlight morgan12 mot2passe motdepasse motorola motorola1 mountain
mountain1 muhammad muhammad1 muhammad123 music123 musiclover musicman mustang1 mustang67 mustang69
mylove12 mylove123 mypassword mypassword1 myspace1 myspace123 mysql123 naruto12 naruto123 natalie1
natasha1 natasha123 nathan12 newpassword newpassword1 newyork1 nicetomeetyou nicholas nicholas1
nicole12 nicole123 ninja123 nintendo nintendo1 nirvana1 nobody12 nopassword nothing1 november
november1 number11 number12 nursing1 october1 october31 office123 okmijnuhb olivia12 olivia123
onedirection onedirection1 opensesame operator oracle123 orange12 orange123 p@ssw0rd p@ssw0rd!
p@ssw0rd1 p@ssw0rd123 p@ssword p@ssword1 p@ssword123 pa$$w0rd pa$$word packers1 pakistan pakistan1
panther1 panthers panthers1 paris123 parola123 passpass passport passw0rd passw0rd! passw0rd1
passw0rd123 password password! password01 password1 password1! password12 password123 password123!
password1234 password12345 password2 password2020 password2021 password2022 password2023
password2024 password2025 password2026 password3 passwordpassword passwords passwort1 passwort123
patricia patricia1 patrick1 patrick123 patriot1 patriots patriots1 peaches1 peanut12 peanut123
pebbles1 pepsi123 philippines phillip1 phoenix1 phoenix12 phoenix123 pikachu1 pikachu123 pink1234
pirate12 pirates1 pizza123 platinum playboy1 playboy12 playboy123 player12 player123 playstation
playstation2 playstation3 plokijuh plokmijn poiuytre poiuytrewq pokemon1 pokemon12 pokemon123
poker123 police12 police123 pooh1234 porsche1 porsche911 portugal portugal1 postgres precious
princesa princesa1 princess princess1 princess12 princess123 princesse pumpkin1 puppy123 purple12
purple123 q123456789 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qaz123wsx qazwsx123 qazwsxedc qazwsxedcrfv
qqqqqqqq qwaszx12 qwaszx123 qwe123456 qwe123qwe qweasd123 qweasdzx qweasdzxc qweqweqwe qwer1234
qwerasdf qwerasdfzxcv qwert123 qwert1234 qwert12345 qwertqwert qwerty!@# qwerty12 qwerty123
qwerty1234 qwerty12345 qwerty123456 qwerty2020 qwerty321 qwerty99 qwertyqwerty qwertyui qwertyuio
qwertyuiop qwertyuiop1 qwertyuiop123 qwertz123 qwertzui qwertzuiop rachel12 raiders1 rainbow1
rainbow12 rainbow123 rajesh123 raspberry realmadrid realmadrid1 rebecca1 rebecca123 red12345
redsox12 richard1 richard123 robert12 robert123 roberto1 roblox123 rock1234 rocknroll rockstar
rockstar1 rodriguez ronaldo1 ronaldo7 root1234 root12345 rootroot roses123 runescape runescape1
s1234567 sagittarius samantha samantha1 samsung1 samsung12 samsung123 samuel12 samurai1 sandra12
sanfrancisco santiago santiago1 savannah savannah1 scarlett school12 school123 science1 scoobydoo
scorpio1 scorpion scotland scotland1 sebastian sebastian1 secret12 secret123 secretpassword
security security1 senha123 senha1234 september september1 server123 sexy1234 sexygirl sexylady
shadow12 shadow123 shadow1234 shannon1 silver12 silver123 simpsons singer12 skateboard skeleton
skywalker slipknot slipknot1 slipknot666 smile123 smiley12 smokeweed sniper12 sniper123 snoopy12
snowboard snowboarding soccer10 soccer12 soccer123 softball softball1 soldier1 somethin something
something1 sonic123 sophie12 sophie123 southpark spartan1 spartan117 spartans spencer1 spiderman
spiderman1 spiderman3 spongebob spongebob1 spring123 spring2020 spring2021 spring2022 spring2023
spring2024 spring2025 starcraft starlight startrek startrek1 starwars starwars1 starwars12
starwars123 steelers steelers1 stephanie stephanie1 steven12 stormy12 strawberry strawberry1
student1 student123 summer12 summer123 summer2020 summer2021 summer2022 summer2023 summer2024
summer2025 summer99 sunday12 sunflower sunflower1 sunshine sunshine1 sunshine12 sunshine123
superman superman1 superman12 superman123 supermario supersecret superuser support1 support123
sweetheart sweetie1 sweetness sweetpea swimming sysadmin tatiana1 taylor12 taylor123 taylor13
teacher1 teacher123 teamo123 teamomucho temp1234 temporary temporary1 temppass tequiero tequiero1
tequieromucho test1234 test12345 test123456 tester123 testing1 testing123 testtest thebeatles
thepassword theresa1 thomas12 thomas123 thuglife thunder1 thunder12 tiffany1 tiffany12 tiger123
tigger12 tigger123 tinkerbell tinkerbell1 toor1234 topsecret trader123 trading1 trinity1 trustme1
trustno1 trustno1! trustnoone tsunami1 tupac123 turtle12 tweety12 twilight twilight1 twitter1
tyler123 ubnt1234 ubuntu123 university user1234 user12345 username username1 valentina valentina1
valeria1 vampire1 vampires vanessa1 vanessa12 venezuela veronica veronica1 victoria victoria1
viking12 vincent1 virginia virginia1 vodka123 voldemort volleyball w1234567 wachtwoord warcraft
warrior1 warriors webmaster weed4200 welcome1 welcome1! welcome12 welcome123 welcome1234 welcome2
welcome2024 welcome2025 welcome@123 welcomehome whatever whatever1 whatever12 whiskey1 white123
william1 william12 william123 windows1 windows10 windows7 winniethepooh winter12 winter123
winter2020 winter2021 winter2022 winter2023 winter2024 winter2025 wolverine worldofwarcraft
wrestling wsxedcrfv x1234567 xbox1234 xbox3600 xxxxxxxx xyz12345 yahoo123 yankees1 yellow12
yellow123 yourpassword youtube1 youtube123 z1234567 zachary1 zaq12wsx zaq1xsw2 zaq1zaq1 zelda123
zombie12 zombie123 zxcasdqwe zxcv1234 zxcvbnm, zxcvbnm,./ zxcvbnm. zxcvbnm1 zxcvbnm123 zxcvzxcv
zxczxczxc zzzzzzzz zzzzzzzzz
"""

COMMON_PASSWORDS: Final = frozenset(_PASSWORDS.split())
"""To compare a password's `casefold()` with."""
