"""Names under which other products export the fields of a contact. Facts, best name first.

Names are compared by letters and digits alone (see `mapping.squash`): "E-mail 1 - Value",
"MailingPostalCode" and "mobile_phone" are all one word here. The order within a field decides
which of several columns fills it: a work address before a private one, the first before the
second. A name may stand under two fields; it goes to the second where the first is taken.
"""

_NAMES: dict[str, str] = {
    "contact_id": "contactid",
    "first_name": ("firstname givenname forename first fname vorname prenom nombre nombredepila"),
    "last_name": (
        "lastname surname familyname last lname nachname familienname nomdefamille nom "
        "apellidos apellido"
    ),
    "name": ("fullname name displayname contactname vollstandigername nomcomplet fileas"),
    "email": (
        "email emailaddress primaryemail emailaddresses email1value email1address email1 "
        "emailaddress1 workemail emailwork businessemail emailid mail adressedemessagerie "
        "adresseemail courriel direcciondecorreoelectronico correoelectronico correo "
        "personalemail homeemail emailhome emailother email2value email2address email2 "
        "secondaryemail email3value email3address email3"
    ),
    "mobile_phone": (
        "mobilephone mobilephonenumber mobile mobilenumber mobilephone1 phonemobile cellphone "
        "cellphonenumber cell cellnumber smsphonenumber smsphone sms textremindernumber "
        "mobiltelefon mobilnummer handy handynummer telmobile telephonemobile telephoneportable "
        "portable telefonomovil movil celular telefonocelular"
    ),
    "phone": (
        "phone phonenumber telephone telephonenumber tel phonenumbers businessphone workphone "
        "officephone phonework phoneoffice directphone phone1value phone1 primaryphone telefon "
        "telefonnummer telefongeschaftlich telephonebureau telefono telefonodeltrabajo "
        "companymainphone mainphone homephone phonehome telefonprivat telephonedomicile "
        "telefonoparticular otherphone phoneother businessphone2 phone2value phone2 homephone2 "
        "phone3value"
    ),
    "company": (
        "company companyname organization organizationname organisation organisationname "
        "organization1name accountname employer firma unternehmen societe entreprise empresa "
        "compania account associatedcompany business businessname"
    ),
    "company_size": ("companysize sizeofcompany organizationsize employeerange"),
    "employees": ("employees numberofemployees noofemployees employeecount mitarbeiter"),
    "job_title": (
        "jobtitle organizationtitle organization1title position positiontitle title role jobrole "
        "funktion fonction titreduposte puesto cargo profession occupation"
    ),
    "salutation": ("salutation nameprefix prefix honorific anrede civilite tratamiento title"),
    "street_address": (
        "streetaddress street mailingstreet businessstreet workstreet address1street "
        "addressline1 address1 billingstreet strasse strassegeschaftlich ruebureau rue "
        "calledeltrabajo calle direccion adresse address mailingaddress businessaddress "
        "homestreet otherstreet"
    ),
    "city": (
        "city town mailingcity businesscity workcity address1city billingcity ort ortgeschaftlich "
        "stadt ville villebureau ciudad ciudaddetrabajo homecity othercity"
    ),
    "state": (
        "state stateregion stateprovince province region mailingstate mailingstateprovince "
        "businessstate workstate address1region billingstate bundesland regiongeschaftlich "
        "depregionbureau provincia estado homestate otherstate county"
    ),
    "post_code": (
        "postcode postalcode zip zipcode zippostalcode postalzip mailingpostalcode mailingzip "
        "mailingzippostalcode businesspostalcode workpostalcode address1postalcode "
        "billingpostalcode plz postleitzahl postleitzahlgeschaftlich codepostal codepostalbureau "
        "codigopostal codigopostaldeltrabajo homepostalcode otherpostalcode otherzip"
    ),
    "country": (
        "country countryregion mailingcountry businesscountryregion businesscountry workcountry "
        "address1country billingcountry land landregiongeschaftlich pays paysregionbureau pais "
        "paisoregiondeltrabajo homecountryregion homecountry othercountryregion othercountry "
        "countrycode cc"
    ),
    "timezone": ("timezone tz inviteetimezone zeitzone fuseauhoraire zonahoraria"),
    "status": ("status contactstatus leadstatus lifecyclestage"),
    "owner": ("owner contactowner owneremail ownername recordowner assignedto ownerid"),
    "has_consent": ("hasconsent consent gdprconsent marketingconsent optin"),
    # The API of the product this one replaces spells it "terms_of_sevice".
    "terms_of_service": ("termsofservice termsofsevice tos terms acceptedterms"),
}

#: field -> names, best first.
ALIASES = {key: tuple(names.split()) for key, names in _NAMES.items()}

#: Words that only say whose value it is: "Person - Email", "Invitee First Name".
OWNERS = ("contact", "person", "invitee", "attendee", "guest", "customer", "client", "lead")

#: Names that often mean something else, or hold values in another form: shown as Check, with why.
DOUBTFUL: dict[tuple[str, str], str] = {
    ("salutation", "title"): "Title may also mean a job title.",
    ("street_address", "address"): "The whole address may be in this one column.",
    ("street_address", "mailingaddress"): "The whole address may be in this one column.",
    ("street_address", "businessaddress"): "The whole address may be in this one column.",
    ("country", "cc"): "Country codes are taken as they stand.",
    ("country", "countrycode"): "Country codes are taken as they stand.",
    ("status", "leadstatus"): "Its values may differ from the statuses here.",
    ("status", "lifecyclestage"): "Its values may differ from the statuses here.",
    ("owner", "ownerid"): "Owners are found by email or name, not by the id in another system.",
    ("company", "account"): "Account may also mean something else than the company.",
    ("company", "business"): "Business may also mean something else than the company.",
    ("has_consent", "optin"): "Check what people agreed to.",
}

#: Numbers of which a file has only one are the number people give: the mobile, most often.
LONE_PHONE = frozenset(
    {"phone", "phonenumber", "telephone", "telephonenumber", "tel", "phone1value"}
)
LONE_PHONE |= {"phonenumbers", "phone1", "primaryphone", "telefon", "telefonnummer", "telefono"}
#: A second numbered slot does not make it two kinds of numbers.
PHONE_SLOTS = frozenset({"phone2value", "phone3value", "phone2"})
