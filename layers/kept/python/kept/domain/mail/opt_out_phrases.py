"""How people ask for no more email, as data: one phrase a line, in their spelling; see `opt_out_request`.

Every phrase here is our own wording, found by thinking of how people say it. The next issue replaces this list.
"""

# A request wherever it stands, unless a word of GUARDS comes before it in the same clause.
ANYWHERE = """
do not email me again
don't email me again
do not email me any more
don't email me any more
do not email me anymore
don't email me anymore
do not contact me again
don't contact me again
do not write to me again
don't write to me again
not write to me again
do not send me any more
don't send me any more
do not send me any emails
don't send me any emails
don't send me emails
do not send me emails
don't you dare send me
stop emailing me
stop mailing me
stop writing to me
stop contacting me
stop spamming me
stop sending me emails
stop sending me mail
stop sending me your
stop sending me these
stop sending me this
stop all emails
stop these emails
stop the emails
stop the newsletter
no more emails please
no more newsletters
no more of these please
unsubscribe me
unsuscribe me
unsubscribe my email
unsubscribe my address
unsubscribe this address
take me off your
take me off the list
take me off this list
take me off every
take me off whatever list
take me off all
get me off this
get me off your
drop me from this
drop me from your
remove me from your
remove me from the list
remove me from the mailing list
remove me from this list
remove me from all
remove my email from your
remove my address from your
remove this address from your
remove my name from your
take my name off the list
take my name off your
take this address off your mailing list
take my address off your
opt me out
i want to unsubscribe
i would like to unsubscribe
i'd like to unsubscribe
i wish to unsubscribe
i want to opt out of
i would like to opt out of
cancel my subscription to the newsletter
cancel my newsletter
i do not want your emails
i don't want your emails
i do not want your spam
i don't want your spam
i do not want any more emails
i don't want any more emails
i do not want to receive any more emails
i don't want to receive any more emails
i no longer want to receive
i no longer wish to receive
i do not wish to receive any more
nothing further is sent to that address
ne m'envoyez plus
ne m'écrivez plus
ne plus m'envoyer
ne plus m'écrire
ne plus recevoir vos
désabonnez-moi
désinscrivez-moi
je veux me désabonner
je souhaite me désabonner
je voudrais me désabonner
je souhaite me désinscrire
retirez-moi de votre liste
retirer mon adresse de votre liste
retirez mon adresse de votre liste
no me envíen más
no me envíe más
no me envíes más
no me manden más
no me escriban más
no quiero recibir más
no quiero más publicidad
no deseo recibir más
dejen de enviarme
dejen de mandarme
deje de enviarme
quiero darme de baja de la lista
quiero darme de baja del boletín
denme de baja de la lista
denme de baja del boletín
baja de la lista
quítenme de la lista
schicken sie mir keine
senden sie mir keine
bitte keine e-mails mehr
bitte keine mails mehr
keine weiteren e-mails senden
schreiben sie mir nicht mehr
aus dem verteiler nehmen
aus ihrem verteiler nehmen
nehmen sie mich aus dem verteiler
streichen sie mich aus dem verteiler
streichen sie mich umgehend aus dem verteiler
ich möchte keine e-mails mehr
ich möchte keinen newsletter mehr
ich möchte den newsletter abbestellen
widerspreche der verwendung meiner e-mail-adresse
لا ترسلوا لي
لا تراسلوني
لا أريد استلام رسائل
لا أريد رسائلكم
لا أرغب في استلام رسائل
لا أرغب في تلقي رسائل
لا أود استلام رسائل
التوقف عن مراسلتي
توقفوا عن مراسلتي
التوقف عن إرسال الرسائل
توقفوا عن إرسال الرسائل
أوقفوا الرسائل
إزالة عنواني من القائمة البريدية
إزالة بريدي من القائمة البريدية
احذفوني من القائمة البريدية
إلغاء اشتراكي في النشرة
إلغاء الاشتراك في النشرة
مش عايز رسايل
مش عايزة رسايل
مش عاوز رسايل
مش عايز ايميلات
مش عايزة ايميلات
مش عايز يجيلي ايميلات
ماتبعتوليش
متبعتوليش
متبعتليش
بلاش رسايل
كفاية ايميلات
شيلوني من الليستة
شيلوني من القائمة
وقفوا الرسايل
وقفوا الايميلات
mesh 3ayez emails
mesh 3ayza emails
mesh 3ayez yegili emails
"""

# A request only at the end of a clause: "do not email me the invoice" is none.
AT_THE_END = """
do not email me
don't email me
do not contact me by email
never email me
stop the mails
no more emails
no more mails
unsubscribe please
plus de mails
plus d'e-mails
no más correos
keine mails mehr
keine werbung mehr
"""

# A request only where the whole message is these and no more than three words: elsewhere they mean anything.
ALONE = """
stop
unsubscribe
remove
cancel
end
quit
optout
désabonnement
désinscription
désabonner
arrêt
baja
abmelden
abbestellen
إلغاء
إيقاف
وقف
إلغاء الاشتراك
"""

# Words that may stand beside those of ALONE, and after those of AT_THE_END.
POLITE = """
please pls thanks thank you merci svp gracias por favor danke bitte regards best hello hi
شكرا رجاء من فضلك لو سمحت
"""

# Before a phrase in the same clause, these make it something else: a question, a report, the opposite.
GUARDS = """
no not don't dont never cannot can't without if unless when whenever whether how why did who customers customer shoppers
shopper clients subscribers visitors users they he she said says ne pas jamais si comment pourquoi clients nunca cómo
clientes nicht kein keine wenn wie warum nie kunden لا لم لن مش كيف ازاي لماذا هل إذا لو عملائي عملاء زبائن
العملاء الزبائن
"""

# Before a quoted mail stands a line such as "On Monday Ann wrote:", which has one of these and ends in a colon.
ATTRIBUTION_VERBS = "wrote writes écrit escribió schrieb كتب كتبت"

# Marks of a forwarded or quoted mail's header lines; two of them within four lines begin the quoted mail.
HEADER_LABELS = """
from sent date to subject cc de envoyé à objet date enviado para asunto fecha von gesendet an betreff datum
من إلى تاريخ الموضوع التاريخ تاريخ الإرسال تم الإرسال المرسل
"""

# Lines that a telephone adds.
DEVICE_LINES = (
    "sent from my",
    "sent from yahoo",
    "get outlook for",
    "envoyé de mon",
    "envoyé depuis mon",
    "enviado desde mi",
    "von meinem",
    "gesendet von meinem",
    "أرسلت من",
    "تم الإرسال من",
)
