"""How mail programs and companies mark what is not the writer's own words, as data: see `own_words`.

For translators: write in plain spelling, one entry a line; case, accents, hyphens, apostrophes, punctuation, Arabic
letter forms and direction marks do not matter. `a|b` is one word or the other, `…` any words in between. A marker must
be what programs and companies write and no person would: a request that is taken for a footer is lost.
The wording was put together from what mail programs show in each language; Portuguese and Dutch are there in part.
"""

# First words of a line such as "On Monday, 3 February 2025 at 10:00, Ann <ann@example.org> wrote:". They count with
# a digit in the line. English, French, Spanish, German, Italian, Portuguese, Dutch, Arabic ("in", "dated", "day").
ATTRIBUTION_OPENERS = "on le el am il em op في بتاريخ يوم"

# "wrote", as it stands at the end of such a line (English, French, Spanish, Italian, Portuguese).
ATTRIBUTION_VERBS_LAST = "wrote writes écrit escribió scritto escreveu"

# "wrote", as it stands anywhere in it (German, Dutch, Turkish, Arabic he, she, "written by").
ATTRIBUTION_VERBS = "schrieb schreef geschreven yazdı كتب كتبت كتابة"

# Beside the verb these make it a person's own report ("on 3 March I wrote:", "schrieb mir Ihr Kollege:").
REPORTING = """
i we you they he she already me us
j ai m nous vous on lui leur
me nos le yo
ich mir uns er sie man wir ihr
mi ci gli ho
bana bize size
لي لنا لكم إلي إلينا لهم
"""

# The lines above a quoted mail: "From:", "Date:" or "Sent:", "To:", "Cc:", "Subject:". A line: kind, then its names in
# English, French, Spanish, German, Italian, Turkish, Arabic, Portuguese, Dutch (with _ between the words of one name).
HEADER_LABELS = """
from from de von da kimden gönderen من المرسل van mittente expéditeur remitente absender
date date sent sent_on fecha enviado enviado_el envoyé envoyé_le gesendet gesendet_am datum data inviato data_invio
date tarih gönderildi gönderilme_tarihi gönderme_tarihi التاريخ تاريخ تاريخ_الإرسال تم_الإرسال أرسلت enviada enviada_em
date verzonden
to to à a para an kime alıcı إلى المستلم aan destinataire destinatario destinatário empfänger
cc cc cco copie kopie bilgi نسخة نسخة_إلى reply_to bcc
subject subject objet asunto betreff oggetto konu الموضوع موضوع assunto onderwerp sujet
"""

# "Original message", "forwarded message" between rows of dashes, and "begin forwarded message" with or without.
SEPARATORS = """
original message
forwarded message
forwarded by
original email
original mail
reply message
begin forwarded message
start of forwarded message
message d'origine
message original
message transféré
message initial
e-mail transféré
e-mail d'origine
début du message transféré
début du message réexpédié
mensaje original
mensaje reenviado
correo original
inicio del mensaje reenviado
mensaje original reenviado
ursprüngliche nachricht
originalnachricht
original nachricht
ursprüngliche mail
weitergeleitete nachricht
weitergeleitete mail
anfang der weitergeleiteten nachricht
beginn der weitergeleiteten nachricht
messaggio originale
messaggio inoltrato
inizio messaggio inoltrato
inizio del messaggio inoltrato
orijinal mesaj
orijinal ileti
özgün ileti
özgün mesaj
asıl mesaj
iletilen mesaj
iletilen ileti
yönlendirilen mesaj
yönlendirilmiş mesaj
yönlendirilmiş ileti
iletilmiş mesaj başlangıcı
iletilen ileti başlangıcı
iletilen mesajın başlangıcı
yönlendirilen iletinin başlangıcı
الرسالة الأصلية
رسالة أصلية
الرسالة الأساسية
رسالة معاد توجيهها
الرسالة المعاد توجيهها
رسالة تمت إعادة توجيهها
رسالة محولة
رسالة محوّلة
رسالة مُعاد إرسالها
بداية الرسالة المعاد توجيهها
بداية الرسالة المحولة
بدء الرسالة المعاد توجيهها
mensagem original
mensagem encaminhada
início da mensagem encaminhada
início da mensagem reencaminhada
oorspronkelijk bericht
doorgestuurd bericht
begin doorgestuurd bericht
"""

# Our own line above a mail of ours, and those of other ticket systems: the answer stands above it.
REPLY_ABOVE = """
reply|write|type|answer|respond … above this line
écrivez|écrire|répondez|répondre|réponse … dessus de cette ligne
escriba|escribe|responda|responde|respuesta … encima de esta línea
antworten|antwort|schreiben … über|oberhalb diese|dieser|diesen|zeile|linie
scrivi|scriva|rispondi|risponda|risposta … sopra questa|di
bu satırın|çizginin üstüne|üzerine|yukarısına
اكتب|الرد|ردك|أجب … فوق|أعلى هذا|السطر
"""

# Lines that a telephone or a mail program adds ("sent from my", "get Outlook for"): they have a word of DEVICES too.
DEVICE_LINES = """
sent from|via|using|with
get|download outlook|bluemail|yahoo
envoyé|envoyée|provenance de|depuis|avec|par|à|courrier
télécharger|téléchargez|obtenir|obtenez outlook
enviado desde|con|por|de|do|a
obtener|descargar outlook
von|aus meinem|meiner|outlook|yahoo … gesendet
gesendet von|mit|über|aus
holen|laden|lade sie|dir outlook|sich
outlook für ios|android
inviato|inviata da|dal|dalla|con|tramite
scarica|ottieni outlook
iphone|ipad|samsung|android|huawei|yahoo|outlook|windows|galaxy|telefonumdan|cihazımdan … gönderildi|gönderilmiştir
outlook android|ios|for|u alın|edinin|ios|android
أرسلت|أرسل|مرسل|مرسلة من|عبر|بواسطة|باستخدام
تم الإرسال|إرساله|إرسالها من|عبر|بواسطة|باستخدام
احصل|الحصول على outlook
verzonden|verstuurd vanaf|met|via
"""
DEVICES = """
iphone ipad ipod ios android samsung galaxy huawei xiaomi redmi oppo nokia sony blackberry oneplus pixel yahoo outlook
gmail proton aol bluemail windows phone telephone mobile smartphone handset tablet tablette laptop téléphone portable
móvil movil celular teléfono telefono dispositivo appareil handy smartphones telefon gerät cellulare telefonino
telefonumdan cihazımdan cep telefone telefoon الهاتف هاتف هاتفي جهاز جهازي موبايل موبايلي جوال جوالي الجوال ايفون
آيفون الآيفون الأيفون سامسونج هواوي ياهو أوتلوك
"""

# Closing formulas: with the writer's name below them or beside them they end the letter.
CLOSINGS = """
regards
best
best regards
br
kind regards
warm regards
kindest regards
warmest regards
many regards
with regards
with kind regards
with best regards
with warm regards
best wishes
all the best
sincerely
sincerely yours
yours sincerely
yours faithfully
yours truly
yours
respectfully
cheers
thanks
thanks a lot
many thanks
thank you
thank you very much
thanks and regards
thanks in advance
thank you in advance
thank you and best regards
cordialement
bien cordialement
très cordialement
sincèrement
bien à vous
bien à toi
salutations
sincères salutations
meilleures salutations
salutations distinguées
respectueusement
merci
merci beaucoup
merci d'avance
merci par avance
merci et bonne journée
bonne journée
amicalement
saludos
un saludo
saludos cordiales
un cordial saludo
cordialmente
atentamente
muy atentamente
muchas gracias
gracias
gracias de antemano
gracias y un saludo
mit freundlichen grüßen
mit freundlichem gruß
freundliche grüße
viele grüße
viele gruesse
freundliche gruesse
mit freundlichen gruessen
gruesse
alles gute
beste grüße
liebe grüße
herzliche grüße
schöne grüße
gruß
grüße
hochachtungsvoll
danke
vielen dank
besten dank
vielen dank im voraus
danke und gruß
vielen dank und viele grüße
mfg
vg
lg
cordiali saluti
distinti saluti
cordialmente saluti
saluti
un saluto
un cordiale saluto
grazie
grazie mille
molte grazie
grazie in anticipo
grazie e cordiali saluti
saygılarımla
saygılarımızla
iyi çalışmalar
iyi günler
selamlar
sevgiler
teşekkürler
teşekkür ederim
teşekkür ederiz
şimdiden teşekkürler
şimdiden teşekkür ederim
مع التحية
تحياتي
مع تحياتي
مع خالص التحية
مع أطيب التحيات
أطيب التحيات
وتقبلوا تحياتي
تقبلوا تحياتي
مع فائق الاحترام
مع الاحترام
مع خالص الاحترام
وتفضلوا بقبول فائق الاحترام
وتفضلوا بقبول فائق الاحترام والتقدير
تفضلوا بقبول فائق الاحترام
شكرا
شكرا لكم
شكرا جزيلا
مع الشكر
مع جزيل الشكر
مع الشكر والتقدير
ولكم جزيل الشكر
وشكرا
تسلموا
والسلام عليكم
والسلام عليكم ورحمة الله وبركاته
atenciosamente
obrigado
obrigada
met vriendelijke groet
met vriendelijke groeten
groeten
"""

# Words beside a number or an address in a signature ("telephone", "mobile", "fax", "web").
CONTACT_LABELS = """
tel telephone phone mobile mob cell fax email mail web website www http https t m p f e w direct office whatsapp skype
téléphone portable courriel site
teléfono tel móvil cel celular correo
telefon handy mobil
telefono cellulare sito
telefon cep gsm faks eposta
هاتف تليفون تلفون جوال موبايل محمول فاكس ايميل البريد موقع واتساب ت
telefone telefoon mobiel
"""

# Words of links in a newsletter's footer. They count only below a footer's line, or in a row of links.
LINK_WORDS = """
unsubscribe
update preferences
update your preferences
manage preferences
manage your preferences
email preferences
privacy policy
privacy
terms
view in browser
view online
contact us
help
se désabonner
se désinscrire
désabonnement
désinscription
politique de confidentialité
mentions légales
darse de baja
cancelar suscripción
cancelar la suscripción
política de privacidad
abmelden
abbestellen
newsletter abbestellen
impressum
datenschutz
disiscriviti
annulla iscrizione
cancella iscrizione
cancellati
informativa sulla privacy
abonelikten çık
abonelikten ayrıl
üyelikten çık
gizlilik politikası
إلغاء الاشتراك
سياسة الخصوصية
تفضيلات البريد
الشروط والأحكام
cancelar inscrição
uitschrijven
afmelden
"""

# First person: a line with one of these below a footer's line or below `--` is taken for the writer's own. Besides
# "I, me, my": "I want", "I ask" in languages that leave the pronoun out. English "I" (an article in Italian) counts
# before one of FIRST_PERSON_VERBS.
FIRST_PERSON = """
me my mine myself
j je moi mon ma mes
yo mi mis me conmigo quiero deseo necesito solicito pido
ich mich mir mein meine meinen meiner meinem meines
io mi mio mia miei mie voglio vorrei desidero chiedo
ben bana beni benim istiyorum istemiyorum ediyorum
أنا لي عني مني أريد أرغب أرجو أود أطلب عايز عايزة عاوز عاوزة بريدي عنواني اشتراكي حسابي بياناتي إيميلي
eu meu minha quero ik mij mijn
"""
FIRST_PERSON_VERBS = """
am m want wish would d will ll have ve had do don did didn never no need can cannot can get got was asked ask hope
think demand request expect insist object hereby signed unsubscribed already still just really also
"""

# Confidentiality notices, disclaimers and what else a company sets under every mail. Careful: "this message is intended
# for your data protection officer", "the present message is a request", "if you are not the right person" and
# "LEGAL NOTICE" are what people write.
LEGAL_FOOTERS = """
confidentiality notice|note|statement
confidential notice
legal notice|disclaimer … confidential|intended|recipient
disclaimer this|the|any
email|important disclaimer|confidentiality
notice this email|message … confidential|intended
this email|message|communication|mail|transmission and|including|with|together … attachments|files|attachment|attached
this email|message|communication|mail|transmission … confidential|privileged … intended|recipient|addressee|solely
this email|message|communication|mail|transmission is|are|and|was … intended only|solely|exclusively
this email|message|communication|mail|transmission is|are|and|was … intended for the … only|named|addressee|recipient
this email|message|communication|transmission may|might contain
this email|message|communication|transmission contains confidential|privileged
the information|content|contents contained|transmitted in this email|message|communication|transmission
the information|content|contents in|of this email|message|communication|transmission … confidential|privileged
if you are|re not the|an intended|named|addressee
if you have|ve received|got this … error|mistake|mistakenly
if you received|receive|got this|it … error|mistake|mistakenly
any views or opinions
please note that any views
please consider|think|remember … environment|printing
please do not print
think before you print
think before printing
consider the environment before
save paper
virus free
this email|message has been checked|scanned|sent … virus|viruses|antivirus|malware|protected
scanned by
registered office
registered in england
ce message|courriel|mail|email et|ainsi|peut|contient|est … jointes|joints|confidentiel|confidentiels|confidentielles
ce message|courriel|mail|email est … destiné|usage exclusivement|uniquement|exclusif
cet email et|ainsi|peut|contient|est … jointes|joints|confidentiel|confidentiels|confidentielles
ce courrier électronique … jointes|joints|confidentiel|confidentiels|confidentielles
le présent message|courriel … jointes|joints|confidentiel|confidentiels|confidentielles
les informations contenues dans ce|cet message|courriel|email|mail
si vous avez|recevez reçu|ce|cet … erreur
si vous n'êtes pas le|un destinataire
si ce message|courriel vous est parvenu
avis|clause|note de confidentialité
pensez à l'environnement
n'imprimez ce|cet
avant d'imprimer
afin de préserver|contribuer … environnement
este mensaje|correo|email y|contiene|puede|es|está|incluyendo … confidencial|confidenciales|adjuntos|adjunto
este mensaje|correo|email va|es|se|está … dirigido exclusivamente|únicamente
la información contenida|incluida|transmitida en este mensaje|correo|email
si usted no es … destinatario
si no es usted el destinatario
si no es el destinatario
si ha|usted|has|recibe recibido|ha|este … error
aviso legal|de confidencialidad … confidencial|confidencialidad|destinatario
antes de imprimir este|piense
piense|piensa en el medio
diese email|mail|nachricht … vertraulich|vertrauliche|vertraulichen
diese email|mail|nachricht … ausschließlich für
der inhalt dieser email|mail|nachricht
die in dieser email|mail|nachricht enthaltenen
wenn|falls|sollten sie nicht der|die … adressat|empfänger … irrtümlich|vernichten|informieren|unzulässig|gestattet
wenn|falls|sollten sie diese|dieses|die … irrtümlich|versehentlich|fälschlicherweise
vertraulichkeitshinweis
rechtlicher hinweis … vertraulich|vertrauliche
bitte prüfen|denken|überlegen sie … drucken|ausdrucken|umwelt|ausdruck
sitz der gesellschaft
amtsgericht … hrb
questo messaggio|documento e|contiene|è|può … allegati|riservate|riservato|riservati|confidenziale|confidenziali
questa email|mail|comunicazione e|contiene|è|può … allegati|riservate|riservata|confidenziale|confidenziali
il presente messaggio … allegati|riservate|riservato|riservati|confidenziale|confidenziali
la presente email|comunicazione … riservata|riservate|allegati
le informazioni contenute|trasmesse|riportate in|nella|nel questo|questa|presente
il contenuto di questo|questa|della … riservato|confidenziale
se avete|ha|hai|aveste ricevuto questo|questa|il|la|per … errore
qualora … ricevuto … errore
se non siete|sei|è|fosse il|i destinatario|destinatari
avviso|nota|clausola di riservatezza
prima di stampare
rispetta|rispettiamo l'ambiente
bu eposta|email|mail|mesaj|ileti|elektronik … gizli|gizlidir|gizlilik|kişiye|ekleri|ekindeki
bu eposta|epostayı|email|maili|mesaj|mesajı|iletiyi|ileti … aldıysanız|almışsanız|ulaştıysa|ulaşmışsa|geldiyse
eğer bu … aldıysanız|almışsanız|ulaştıysa|ulaşmışsa|geldiyse
mesajın|iletinin|epostanın alıcısı değilseniz
gizlilik bildirimi|uyarısı|notu
yasal uyarı … gizli|gizlidir|gizlilik
çevreyi|doğayı koru|düşün|düşünün
yazdırmadan önce
هذه الرسالة|المراسلة … سرية|سري|السرية
هذه الرسالة|المراسلة وأي|وجميع|وكافة|ومرفقاتها|وملحقاتها
هذا البريد|الإيميل … سري|سرية|السرية
تحتوي هذه الرسالة … سرية|سري
المعلومات الواردة|الموجودة|المرسلة في هذه|هذا الرسالة|البريد|الإيميل
محتوى|محتويات هذه|هذا الرسالة|البريد
إذا لم تكن المستلم|المتلقي|المقصود
إذا وصلتك|استلمت|تلقيت|وصلك|وصلت هذه|هذا|إليك … بالخطأ|خطأ|الخطأ
إشعار|تنبيه|بيان السرية|سرية|بالسرية|إخلاء
إخلاء المسؤولية|مسؤولية|مسئولية
يرجى|فضلا|من مراعاة|فكر|التفكير … البيئة|الطباعة
esta mensagem|comunicação e|contém|pode|é … confidencial|confidenciais|anexos
se você recebeu esta|este … engano|erro
dit bericht|email en|is|kan|bevat … vertrouwelijk|vertrouwelijke|bijlagen
als u dit … abusievelijk|vergissing|onterecht
"""

# The end of a newsletter or a sales letter, addressed to its reader: "if you do not want to hear from us, reply …".
# Careful: people write "if you would unsubscribe me and let me know" and "if you do not remove me …".
OPT_OUT_OFFERS = """
if you would|d like|prefer to|not unsubscribe|opt|stop|be|to … reply|click|visit|let|https|here
if you wish|want|prefer to|not unsubscribe|opt|stop|be|to … reply|click|visit|let|https|here
if you do|don|would|no|are … want|wish|longer|rather … receive|hear|get … reply|click|unsubscribe|visit|let|https|here
don t want|wish emails|email|mails|messages|these … from us
do not want|wish emails|email|mails|to … from us
si vous ne souhaitez|voulez|désirez plus|pas … cliquez|désabonnez|désinscrivez|suivez|https|répondez|ici
si ya|no no|deseas|desea|quieres|quiere … recibir … haz|haga|pulsa|pulse|pincha|clic|click|https|http|responde|responda
wenn|falls|sollten sie keine|diesen|unseren|zukünftig|künftig … klicken|abmelden|antworten|https
wenn|falls|sollten sie den|sich … abbestellen|abmelden … klicken|https|hier
se non desideri|vuoi|desidera|vuole|intendi più|ricevere … clicca|clicchi|cliccare|https|http|rispondi|qui
artık … almak istemiyorsanız|istemezseniz
eposta|email|bu|epostaları|bültenimizi … almak istemiyorsanız|istemezseniz
almak istemiyorsanız|istemezseniz
إذا كنت لا|لم ترغب|تريد|تود|تعد … اضغط|انقر|إلغاء|https|الرد|النقر|الضغط
إذا لم تعد ترغب|تريد|تود … اضغط|انقر|إلغاء|https|الرد|النقر|الضغط
إن كنت لا ترغب|تريد|تود … اضغط|انقر|إلغاء|https|الرد|النقر|الضغط
لا ترغب|تريد|تود في|استلام|تلقي|رسائلنا … اضغط|انقر|https|النقر|الضغط
"""

# Why one gets a newsletter and how to get rid of it. Only without a word of FIRST_PERSON: people write "you receive
# this because I want …", "to unsubscribe from your list I had to click …".
NEWSLETTER_FOOTERS = """
you are|re receiving|getting this|these|our
you receive|received this|these|our … because|as|since
you have|ve received|been this|these|sent … because|as|since
this email|message|newsletter was|has|is sent|been|intended to|sent|for
this is a promotional|marketing|commercial email|message
to unsubscribe click|visit|follow|reply|send|go|use|email|https|http|simply|just|press|tap
to unsubscribe please click|visit|follow|reply|send|go|use
to unsubscribe from this|these|our|all|future|the … click|visit|follow|reply|send|go|https|here
to unsubscribe or|and … click|visit|follow|reply|https|preferences|here
to stop receiving|getting|these|this|our … click|visit|follow|reply|https
to opt out of|from|click|please|reply|visit … click|visit|reply|https|here
to opt out click|reply|visit|https|http|email
to update|change|manage|edit your|email … preferences|subscription|click|https
click|tap|press|go here|below to|and unsubscribe|update|manage|opt|stop|view|change
click the|on … link … to unsubscribe
you can|may unsubscribe|opt … at any|from|here|by|click|clicking|using|via
you may|can also unsubscribe at any time
unsubscribe anytime
unsubscribe at any time
no longer want|wish|interested … click
reply|respond stop|unsubscribe|remove|with to|if|and|stop|unsubscribe|remove
update|manage|change|edit your preferences|subscription|subscriptions|email
view this|it|in|the email|newsletter|in|browser|message
having trouble viewing|reading this
add us to your address
our mailing|postal address
all rights reserved
vous recevez ce|cet|cette|notre|nos … car|parce|inscrit|inscrite|abonné|suite
vous avez reçu ce|cet|cette … car|parce|inscrit|inscrite|abonné
ce|cet message|email|mail|courriel a|vous été|a … envoyé|adressé
pour vous désabonner|désinscrire|retirer … cliquez|suivez|rendez|https|http|répondez
pour se désabonner|désinscrire … cliquer|cliquez|suivez|https|http
pour ne plus recevoir … cliquez|cliquer|suivez|https|http|répondez|rendez
cliquez ici pour|si
vous pouvez vous désabonner|désinscrire
vous pouvez à tout moment
gérer|modifier vos préférences
afficher|voir|consulter … dans|avec … navigateur
tous droits réservés
has|ha recibido este|esta|estos … porque|ya|al
recibes|recibe|reciben este|esta|estos … porque|ya
estás|está recibiendo este|esta|estos
usted recibe|ha|está este|esta|recibido|recibiendo … porque
este correo|mensaje|email fue|ha|se enviado|sido|envió
para darte|darse de baja … haz|haga|pulsa|pulse|pincha|pinche|clic|click|https|http|visita|visite|responde|responda
para cancelar|anular tu|su|la suscripción … haz|haga|pulsa|pulse|pincha|clic|click|https|http|visita|visite|aquí
para dejar de recibir … haz|haga|pulsa|pulse|pincha|clic|click|https|http|visita|visite|responde|responda
haz|haga clic|click aquí|en para|el
pulsa|pulse|pincha|pinche aquí para|si
gestionar|actualizar|modificar tus|sus preferencias
ver|verlo en el|tu|su navegador
todos los derechos reservados
puedes|puede darte|darse de baja … aquí|haciendo|cualquier|enlace
sie erhalten|bekommen|erhielten|haben diese|diesen|unseren|dieses … weil|da|newsletter|angemeldet
diese email|mail|nachricht wurde|ging|richtet an|versendet|gesendet|automatisch|verschickt
um sich|den|diesen … abzumelden|abzubestellen|auszutragen … klicken|https|hier|besuchen
zum abmelden|abbestellen|austragen … klicken|https|hier
hier können sie … abmelden|abbestellen|austragen
klicken sie hier um|wenn
sie können sich|den|diesen … abmelden|abbestellen|austragen
diese|die newsletter|email … im browser
im browser ansehen|anzeigen|öffnen
alle rechte vorbehalten
ricevi|riceve|ricevete questa|questo|questi … perché|perche|poiché|in
stai|sta ricevendo questa|questo
hai|ha|avete ricevuto questa|questo … perché|perche|poiché|in
questa|questo email|mail|messaggio è|e stata|stato inviata|inviato
per cancellarti|cancellarsi|disiscriverti|disiscriversi|disdire|annullare … clicca|clicchi|cliccare|https|http|qui
per non ricevere più … clicca|clicchi|cliccare|https|http|rispondi
clicca|clicchi qui per|se
puoi|può cancellarti|disiscriverti|cancellarsi
gestisci|modifica|aggiorna le tue|preferenze preferenze
visualizza … browser
tutti i diritti riservati
bu epostayı|emaili|maili|mesajı|iletiyi|bülteni|postayı … aldınız|alıyorsunuz|almaktasınız|çünkü
bu eposta|email|mail|mesaj|ileti|bülten … gönderildi|gönderilmiştir|gönderilmektedir
bu eposta|epostayı|bülten|bülteni|mesaj|mesajı … olduğunuz|abone|kayıtlı|üye
abonelikten|bültenden|listeden|üyelikten çıkmak|ayrılmak|çıkış için … tıklayın|tıklayınız|buraya|https|http
aboneliğinizi iptal|sonlandırmak … tıklayın|tıklayınız|buraya|https|http
tercihlerinizi güncelleyin|yönetin|değiştirin
tarayıcıda görüntüle|görüntüleyin|aç
tüm hakları saklıdır
وصلتك|وصلك|تصلك|يصلك|تتلقى|تلقيت|استلمت|تستلم هذه|هذا … لأنك|لأنكم|لأن|بسبب|كونك|بناء
لقد وصلتك|تلقيت|استلمت هذه|هذا … لأنك|لأنكم|لأن|بسبب|كونك
أنت تتلقى|تستلم هذه|هذا
تم إرسال هذه|هذا … إلى|إليك|لأنك
لإلغاء الاشتراك|اشتراكك اضغط|اضغطي|اضغطوا|انقر|انقري|انقروا|https|http
لإلغاء الاشتراك|اشتراكك يرجى|يمكنك|تفضل الضغط|النقر|زيارة|بالضغط|بالنقر
لإلغاء الاشتراك|اشتراكك من|في|أو|بهذه … اضغط|انقر|https|http|النقر|الضغط|زيارة
لالغاء الاشتراك|اشتراكك اضغط|انقر|https|http
لإيقاف|لوقف|لعدم … اضغط|انقر|https|http|النقر|الضغط
اضغط|انقر هنا لإلغاء|لالغاء|لتحديث|لعرض|لتعديل|لإيقاف|إذا
يمكنك إلغاء الاشتراك|اشتراكك … اضغط|انقر|عبر|خلال|وقت|https
لعرض|عرض … في المتصفح
تحديث|إدارة تفضيلاتك|تفضيلات|التفضيلات
جميع الحقوق محفوظة
você está|recebeu recebendo|este|esta|esse
para cancelar|deixar … clique|https|responda
u ontvangt deze|dit
uitschrijven klik|https|kan
"""
