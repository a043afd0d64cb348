"""What the libraries of validators know by name, since a template is checked where they are not installed."""

# Modules of python-stdnum 2.2 that judge a number.
_KINDS = """
ad.nrt al.nipt ar.cbu ar.cuit ar.dni at.businessid at.postleitzahl at.tin at.uid at.vnr au.abn au.acn au.tfn
az.voen be.bis be.eid be.iban be.nn be.ogm_vcs be.ssn be.vat bg.egn bg.pnf bg.vat bic bitcoin br.cnpj br.cpf
by.unp ca.bc_phn ca.bn ca.sin casrn cfi ch.esr ch.ssn ch.uid ch.vat cl.rut cn.ric cn.uscc co.nit cr.cpf
cr.cpj cr.cr cu.ni cusip cy.vat cz.bankaccount cz.dic cz.rc damm de.handelsregisternummer de.idnr de.leitweg
de.stnr de.vat de.wkn dk.cpr dk.cvr do.cedula do.ncf do.rnc dz.nif ean ec.ci ec.ruc ee.ik ee.kmkr
ee.registrikood eg.tn es.cae es.ccc es.cif es.cups es.dni es.iban es.nie es.nif es.postal_code
es.referenciacatastral eu.at_02 eu.banknote eu.ecnumber eu.eic eu.excise eu.nace eu.oss eu.vat fi.alv
fi.associationid fi.hetu fi.veronumero fi.ytunnus figi fo.vn fr.accise fr.nif fr.nir fr.rcs fr.siren
fr.siret fr.tva gb.nhs gb.sedol gb.upn gb.utr gb.vat gh.tin gn.nifp gr.amka gr.vat grid gs1_128 gt.nit
hr.oib hu.anum iban id.nik id.npwp ie.pps ie.vat il.hp il.idnr imei imo imsi in_.aadhaar in_.epic in_.gstin
in_.pan in_.vid is_.kennitala is_.vsk isan isbn isil isin ismn isni iso11649 iso6346 iso7064.mod_11_10
iso7064.mod_11_2 iso7064.mod_37_2 iso7064.mod_37_36 iso7064.mod_97_10 iso9362 isrc issn it.aic
it.codicefiscale it.iva jp.cn jp.in_ ke.pin kr.brn kr.rrn lei li.peid lt.asmens lt.pvm lu.tva luhn lv.pvn
ma.ice mac mc.tva md.idno me.iban me.pib meid mk.edb mt.vat mu.nid mx.curp mx.rfc my.nric mz.nuit nl.brin
nl.bsn nl.btw nl.identiteitskaartnummer nl.onderwijsnummer nl.postcode no.fodselsnummer no.iban no.kontonr
no.mva no.orgnr nz.bankaccount nz.ird pe.cui pe.ruc pk.cnic pl.nip pl.pesel pl.regon pt.cc pt.nif py.ruc
ro.cf ro.cnp ro.cui ro.onrc rs.pib ru.inn ru.ogrn se.orgnr se.personnummer se.postnummer se.vat sg.uen
si.ddv si.emso si.maticna sk.dph sk.rc sm.coe sn.ninea sv.nit th.moa th.pin th.tin tn.mf tr.tckimlik tr.vkn
tw.ubn ua.edrpou ua.rntrc us.atin us.ein us.itin us.ptin us.rtn us.ssn us.tin uy.rut vatin ve.rif verhoeff
vn.mst za.idnr za.tin
"""
# Regions of phonenumbers 9.0.43, as in ISO 3166.
_REGIONS = """
AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM
FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN
MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT
PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK
TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
KINDS_OF_CHECK = frozenset(_KINDS.split())
PHONE_REGIONS = frozenset(_REGIONS.split())
